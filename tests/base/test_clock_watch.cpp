#include "base/clock_watch.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::base {

namespace {

using namespace std::chrono_literals;

struct two_clocks {
  clock_watch watch;
  clock_watch::wall::time_point wall{10h};
  clock_watch::steady::time_point steady{1h};

  /// After this long, with the wall clock set by so much meanwhile.
  clock_watch::wall::duration after(std::chrono::milliseconds time,
                                    std::chrono::milliseconds set = 0ms) {
    wall += time + set;
    steady += time;
    return watch.set_by(wall, steady);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(clocks, two_clocks)

BOOST_AUTO_TEST_CASE(time_that_passes_is_no_jump) {
  BOOST_TEST((after(0ms) == 0s));
  BOOST_TEST((after(1s) == 0s));
  BOOST_TEST((after(24h) == 0s));
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_is_noticed_once_both_ways) {
  after(0ms);
  BOOST_TEST((after(1s, 1h) == 1h));
  BOOST_TEST((after(1s) == 0s));
  BOOST_TEST((after(1s, -2h) == -2h));
  BOOST_TEST((after(1s) == 0s));
}

BOOST_AUTO_TEST_CASE(small_corrections_do_not_count) {
  after(0ms);
  BOOST_TEST((after(1s, 400ms) == 0s));
  BOOST_TEST((after(1s, -4s) == 0s));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
