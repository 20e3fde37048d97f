#pragma once

// What could be wrong with a Redis besides what a reading shows, for `switchyard doctor`.
//
// Threading: none; connections of its own, every wait has a deadline.

#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "providers/provider.hpp"

namespace switchyard::providers::redis {

/// Whether changes are told of, and whether an emptied database would be noticed. Changes nothing:
/// flags that are missing are named, `switchyard run` adds them.
std::vector<diagnosis> diagnose(const config::redis_settings& settings);

/// What to do about an error of reading; "" when nothing is known.
std::string remedy(const base::error& why);

}  // namespace switchyard::providers::redis
