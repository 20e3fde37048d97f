#pragma once

// Durations as operators write them: "500ms", "2s", "5m", "1h", "1d".

#include <chrono>
#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::base {

/// A whole number with a unit of ms, s, m, h or d; no sign, no space, no fraction.
/// errc::invalid says what is expected; values past 24 days are refused, since HAProxy's timers
/// end there (2^31 ms).
outcome<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest form that parse_duration reads back to the same value: "2s", "1500ms".
std::string format_duration(std::chrono::milliseconds value);

}  // namespace switchyard::base
