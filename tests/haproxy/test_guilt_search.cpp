#include "haproxy/guilt_search.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace {

using switchyard::haproxy::guilt_search;
namespace base = switchyard::base;
using names = guilt_search::names;

/// A HAProxy that refuses some, and the checks that it was asked for.
struct court {
  base::status check(const names& with) {
    ++checks;
    if (checks > answers) return base::error{base::errc::timeout, "no answer"};
    for (const auto& name : with)
      if (bad.contains(name)) return base::error{base::errc::refused, "no " + name};
    return {};
  }
  void search(const names& among) {
    found.among(
        among, [this](const auto& with) { return check(with); },
        [this] { return checks < in_time; });
  }

  names bad{"c", "f"};
  int checks = 0;
  int answers = 1000;  ///< so many checks come to a verdict
  int in_time = 1000;
  guilt_search found;
};

const names all{"a", "b", "c", "d", "e", "f", "g", "h"};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(search_for_the_guilty, court)

BOOST_AUTO_TEST_CASE(all_that_are_refused_alone_are_found) {
  search(all);
  BOOST_TEST(found.good == (names{"a", "b", "d", "e", "g", "h"}), boost::test_tools::per_element());
  BOOST_REQUIRE(found.guilty.size() == 2U);
  BOOST_TEST(found.guilty.at("c") == "no c");
  BOOST_TEST(found.guilty.at("f") == "no f");
  BOOST_TEST(checks == 11);
}

BOOST_AUTO_TEST_CASE(one_check_is_enough_where_none_is) {
  bad.clear();
  search(all);
  BOOST_TEST(found.good.size() == all.size());
  BOOST_TEST(checks == 1);
}

BOOST_AUTO_TEST_CASE(nobody_is_guilty_of_a_check_that_comes_to_no_verdict) {
  answers = 3;
  search(all);
  BOOST_TEST(found.guilty.empty());
  BOOST_TEST(found.good == (names{"a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(checks == 4);
}

BOOST_AUTO_TEST_CASE(what_was_learnt_is_kept_when_the_time_is_over) {
  in_time = 5;
  search(all);
  BOOST_TEST(found.good == (names{"a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(found.guilty.size() == 1U);
  BOOST_TEST(checks == 5);
}

// Else the next one would be as far.
BOOST_AUTO_TEST_CASE(something_is_learnt_however_short_the_time) {
  in_time = 0;
  search(all);
  BOOST_TEST(found.good.size() + found.guilty.size() > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
