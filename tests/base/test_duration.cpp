#include <boost/test/unit_test.hpp>

#include "base/duration.hpp"

namespace switchyard::base {

namespace {

using namespace std::chrono_literals;

}  // namespace

BOOST_AUTO_TEST_SUITE(durations)

BOOST_AUTO_TEST_CASE(every_unit_is_read) {
  const std::pair<const char*, std::chrono::milliseconds> cases[] = {
      {"0ms", 0ms}, {"500ms", 500ms}, {"2s", 2s},    {"5m", 5min},
      {"1h", 1h},   {"1d", 24h},      {"24d", 576h}, {"2073600000ms", 576h}};
  for (const auto& [text, value] : cases) {
    const auto read = parse_duration(text);
    BOOST_REQUIRE_MESSAGE(read, text);
    BOOST_TEST(read->count() == value.count(), text);
  }
}

BOOST_AUTO_TEST_CASE(anything_else_is_refused_with_the_form_that_is_expected) {
  for (const auto* text : {"", "2", "s", "-2s", "+2s", "2 s", " 2s", "2s ", "1.5s", "2S", "2w",
                           "1h30m", "0x10s", "2us"}) {
    const auto read = parse_duration(text);
    BOOST_REQUIRE_MESSAGE(!read, text);
    BOOST_TEST((read.error().kind == errc::invalid));
    BOOST_TEST(read.error().message.find("like 2s") != std::string::npos, text);
  }
}

BOOST_AUTO_TEST_CASE(what_is_past_haproxys_timers_is_refused) {
  for (const auto* text : {"25d", "2073600001ms", "577h", "18446744073709551615d",
                           "99999999999999999999s", "213503982334601d"}) {
    const auto read = parse_duration(text);
    BOOST_REQUIRE_MESSAGE(!read, text);
    BOOST_TEST(read.error().message.find("24d") != std::string::npos, text);
  }
}

BOOST_AUTO_TEST_CASE(the_shortest_form_is_written) {
  BOOST_TEST(format_duration(0ms) == "0s");
  BOOST_TEST(format_duration(2s) == "2s");
  BOOST_TEST(format_duration(1500ms) == "1500ms");
  BOOST_TEST(format_duration(60s) == "1m");
  BOOST_TEST(format_duration(90s) == "90s");
  BOOST_TEST(format_duration(36h) == "36h");
  BOOST_TEST(format_duration(48h) == "2d");
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  for (std::int64_t ms = 1; ms < 2'073'600'000; ms = ms * 3 + 1) {
    const auto back = parse_duration(format_duration(std::chrono::milliseconds(ms)));
    BOOST_REQUIRE(back);
    BOOST_TEST(back->count() == ms);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
