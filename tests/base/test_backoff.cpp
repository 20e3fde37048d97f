#include <boost/test/unit_test.hpp>
#include <limits>

#include "base/backoff.hpp"

namespace switchyard::base {

namespace {

using namespace std::chrono_literals;

constexpr auto least = std::uint32_t{0};
constexpr auto most = std::numeric_limits<std::uint32_t>::max();
const backoff::clock::time_point start{};

}  // namespace

BOOST_AUTO_TEST_SUITE(backoff_policy)

BOOST_AUTO_TEST_CASE(the_wait_lies_between_half_of_the_nominal_one_and_all_of_it) {
  for (const std::uint32_t random : {least, most / 3, most / 2, most}) {
    backoff b({.first = 100ms, .longest = 10s, .healthy_after = 30s});
    auto nominal = 100ms;
    for (int i = 0; i < 40; ++i) {
      const auto wait = b.failed(start, random);
      BOOST_TEST(wait.count() >= nominal.count() / 2);
      BOOST_TEST(wait.count() <= nominal.count());
      nominal = std::min(nominal * 2, 10'000ms);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_extremes_of_chance_give_the_bounds) {
  backoff low({.first = 100ms, .longest = 10s, .healthy_after = 30s});
  backoff high = low;
  BOOST_TEST(low.failed(start, least).count() == 50);
  BOOST_TEST(high.failed(start, most).count() == 100);
  BOOST_TEST(low.failed(start, least).count() == 100);
  BOOST_TEST(high.failed(start, most).count() == 200);
}

BOOST_AUTO_TEST_CASE(it_never_passes_the_longest_wait_nor_overflows) {
  backoff b({.first = 24h, .longest = 48h, .healthy_after = 30s});
  for (int i = 0; i < 1000; ++i) BOOST_TEST((b.failed(start, most) <= 48h));
  BOOST_TEST(b.failures() == 1000U);
}

BOOST_AUTO_TEST_CASE(a_healthy_spell_after_the_wait_starts_over) {
  backoff b({.first = 100ms, .longest = 10s, .healthy_after = 30s});
  for (int i = 0; i < 5; ++i) b.failed(start, most);
  // The last wait was 1600 ms; only what follows it counts as health.
  BOOST_TEST(b.failed(start + 1600ms + 29'999ms, most).count() == 3200);
  BOOST_TEST(b.failed(start + 1600ms + 29'999ms + 3200ms + 30s, most).count() == 100);
  BOOST_TEST(b.failures() == 1U);
}

BOOST_AUTO_TEST_CASE(reset_forgets_all_failures) {
  backoff b({.first = 100ms, .longest = 10s, .healthy_after = 30s});
  b.failed(start, most);
  b.failed(start, most);
  b.reset();
  BOOST_TEST(b.failures() == 0U);
  BOOST_TEST(b.failed(start, most).count() == 100);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
