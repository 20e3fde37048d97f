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

  void reload_all(names waiting, int longest = 100) {
    for (; !waiting.empty() && reloads < longest; ++reloads) {
      const auto with = halving.next(waiting);
      const bool taken = !bad_rest && std::none_of(with.begin(), with.end(),
                                                   [&](const auto& n) { return bad.contains(n); });
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
  bool bad_rest = false;  ///< what every reload brings is refused
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
    BOOST_TEST(t.reloads <= 11, "refused with " << guilty << ": " << t.reloads << " reloads");
    BOOST_TEST(t.waits == 0);
  }
}

BOOST_AUTO_TEST_CASE(so_are_several) {
  trial t({"b", "g"});
  t.reload_all(eight);
  BOOST_TEST(t.blamed == (names{"b", "g"}));
  BOOST_TEST(t.loaded.size() == 6U);
}

BOOST_AUTO_TEST_CASE(one_that_waits_alone_is_guilty_once_a_reload_without_it_was_taken) {
  reload_halving halving;
  BOOST_TEST((halving.next({"a"}) == names{"a"}));
  BOOST_TEST(!halving.refused({"a"}).guilty.has_value());
  BOOST_TEST(halving.next({"a"}).empty());
  halving.succeeded();
  BOOST_TEST((halving.next({"a"}) == names{"a"}));
  BOOST_TEST(halving.refused({"a"}).guilty.value_or("") == "a");
}

BOOST_AUTO_TEST_CASE(those_that_were_guilty_before_need_no_reload_without_them) {
  reload_halving halving;
  BOOST_TEST(halving.refused({"a"}, true).guilty.value_or("") == "a");
  BOOST_TEST((halving.next({"b"}) == names{"b"}));
}

BOOST_AUTO_TEST_CASE(what_was_refused_and_waits_no_more_holds_nothing_up) {
  reload_halving halving;
  halving.refused({"a"});
  BOOST_TEST((halving.next({"b", "c"}) == names{"b", "c"}));
}

// Each is guilty: what is tried in vain keeps its distance.
BOOST_AUTO_TEST_CASE(an_haproxy_that_refuses_everything_is_not_hurried) {
  trial t(eight);
  t.reload_all({"a", "b", "c", "d"});
  BOOST_TEST(t.loaded.empty());
  BOOST_TEST(t.blamed.size() == 4U);
  BOOST_TEST(t.waits > 0);
}

BOOST_AUTO_TEST_CASE(nobody_is_guilty_of_what_lies_elsewhere) {
  trial t({"d"});
  t.bad_rest = true;
  t.reload_all(eight, 10);
  BOOST_TEST(t.blamed.empty());
  BOOST_TEST(t.waits == 5);  // after each reload without them
  t.bad_rest = false;
  t.reload_all(eight);
  BOOST_TEST(t.blamed == names{"d"});
  BOOST_TEST(t.loaded.size() == 7U);
}

BOOST_AUTO_TEST_CASE(a_reload_that_brings_no_backend_says_nothing_of_them) {
  reload_halving halving;
  const auto found = halving.refused({});
  BOOST_TEST(!found.guilty.has_value());
  BOOST_TEST(!found.at_once);
  BOOST_TEST(halving.next(eight) == eight);
}

BOOST_AUTO_TEST_SUITE_END()
