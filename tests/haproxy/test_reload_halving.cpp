#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <utility>

#include "haproxy/reload_halving.hpp"

namespace {

using switchyard::haproxy::reload_halving;
using names = reload_halving::names;

/// Reloads until nothing waits, with a HAProxy that refuses some of them.
struct trial {
  explicit trial(names which) : bad(std::move(which)) {}

  void reload_all(names waiting) {
    for (; !waiting.empty() && reloads < 100; ++reloads) {
      const auto with = halving.next(waiting);
      BOOST_REQUIRE(!with.empty());
      const bool taken =
          std::none_of(with.begin(), with.end(), [&](const auto& n) { return bad.contains(n); });
      if (taken) {
        halving.succeeded();
        for (const auto& name : with) waiting.erase(name);
        loaded.insert(with.begin(), with.end());
        continue;
      }
      const auto found = halving.refused(with);
      if (!found.at_once) ++waits;
      if (!found.guilty) continue;
      blamed.insert(*found.guilty);
      waiting.erase(*found.guilty);
    }
  }

  names bad;
  reload_halving halving;
  names loaded;
  names blamed;
  int reloads = 0;
  int waits = 0;
};

const names eight{"a", "b", "c", "d", "e", "f", "g", "h"};

}  // namespace

BOOST_AUTO_TEST_SUITE(reload_halving_behaviour)

BOOST_AUTO_TEST_CASE(all_go_at_once_as_long_as_nothing_is_refused) {
  trial t({});
  t.reload_all(eight);
  BOOST_TEST(t.reloads == 1);
  BOOST_TEST(t.loaded == eight);
}

BOOST_AUTO_TEST_CASE(the_guilty_one_is_found_and_the_others_are_loaded) {
  for (const auto& guilty : eight) {
    trial t({guilty});
    t.reload_all(eight);
    BOOST_TEST(t.blamed == names{guilty});
    BOOST_TEST(t.loaded.size() == 7U);
    BOOST_TEST(t.reloads <= 10, "refused with " << guilty << ": " << t.reloads << " reloads");
    BOOST_TEST(t.waits == 0);
  }
}

BOOST_AUTO_TEST_CASE(so_are_several) {
  trial t({"b", "g"});
  t.reload_all(eight);
  BOOST_TEST(t.blamed == (names{"b", "g"}));
  BOOST_TEST(t.loaded.size() == 6U);
}

// The fault lies elsewhere: what is tried in vain keeps its distance.
BOOST_AUTO_TEST_CASE(an_haproxy_that_refuses_everything_is_not_hurried) {
  trial t(eight);
  t.reload_all({"a", "b", "c", "d"});
  BOOST_TEST(t.loaded.empty());
  BOOST_TEST(t.waits > 0);
}

BOOST_AUTO_TEST_CASE(a_reload_that_brings_no_backend_says_nothing_of_them) {
  reload_halving halving;
  const auto found = halving.refused({});
  BOOST_TEST(!found.guilty.has_value());
  BOOST_TEST(!found.at_once);
  BOOST_TEST(halving.next(eight) == eight);
}

BOOST_AUTO_TEST_SUITE_END()
