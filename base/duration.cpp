#include "base/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace switchyard::base {

namespace {

using std::chrono::milliseconds;

struct unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<unit, 5> units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

constexpr std::int64_t longest = 24 * units[0].factor;

error wrong(std::string what) {
  return {errc::invalid, std::move(what)};
}

}  // namespace

outcome<milliseconds> parse_duration(std::string_view text) {
  const auto expected =
      "expected a duration: a whole number and a unit of ms, s, m, h or d, like 2s";
  const auto* end = text.data() + text.size();
  std::uint64_t number = 0;
  // An unsigned from_chars takes no sign.
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  if (code == std::errc::result_out_of_range) return wrong("the longest duration is 24d");
  if (code != std::errc{}) return wrong(expected);
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const auto& u : units) {
    if (u.name != name) continue;
    if (number > static_cast<std::uint64_t>(longest / u.factor))
      return wrong("the longest duration is 24d");
    return milliseconds(static_cast<std::int64_t>(number) * u.factor);
  }
  return wrong(expected);
}

std::string format_duration(milliseconds value) {
  if (value.count() == 0) return "0s";
  for (const auto& u : units)
    if (value.count() % u.factor == 0)
      return std::to_string(value.count() / u.factor).append(u.name);
  return std::to_string(value.count()) + "ms";
}

}  // namespace switchyard::base
