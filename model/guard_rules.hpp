#pragma once

// The operator's rules for the guard (`guard:` in the settings). Plain values.

#include <chrono>
#include <cstddef>
#include <optional>

namespace switchyard::model {

struct guard_rules {
  unsigned max_removed = 50;                 ///< per cent, 0 … 100; 100: no limit
  std::size_t min_removed = 10;              ///< fewer are never too many
  std::chrono::milliseconds window{60'000};  ///< losses within it count together; 0: each alone
  bool keep_last_server = true;              ///< also a provider's last server and last route
  std::optional<std::chrono::milliseconds> hold_timeout;

  bool operator==(const guard_rules&) const = default;
};

}  // namespace switchyard::model
