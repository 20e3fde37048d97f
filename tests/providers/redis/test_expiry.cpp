#include "providers/redis/expiry.hpp"

#include <boost/test/unit_test.hpp>

using switchyard::providers::redis::expiry;
using namespace std::chrono_literals;

namespace {

const expiry::clock::time_point start{1h};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_expiry)

BOOST_AUTO_TEST_CASE(a_key_is_due_just_after_its_time) {
  expiry times;
  times.set("a", 5s, start);
  times.set("b", 3s, start);
  times.set("c", {}, start);
  BOOST_TEST((times.next() == start + 3s + 1ms));
  BOOST_TEST(times.take_due(start + 3s).empty());
  BOOST_TEST((times.take_due(start + 3s + 1ms) == std::set<std::string>{"b"}));
  times.set("a", {}, start);
  BOOST_TEST(!times.next());
}

// PEXPIRE takes times of thousands of years, past what a clock counts in nanoseconds.
BOOST_AUTO_TEST_CASE(a_time_that_no_clock_reaches_is_not_due_at_once) {
  expiry times;
  times.set("a", std::chrono::milliseconds::max(), start);
  times.set("b", 9'000'000'000'000'000ms, start);
  BOOST_TEST(times.take_due(start + 1h).empty());
  BOOST_TEST((times.next() == start + expiry::longest + 1ms));
}

BOOST_AUTO_TEST_SUITE_END()
