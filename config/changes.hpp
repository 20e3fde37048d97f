#pragma once

// What differs between two readings of the settings, for the log. Pure. Threading: none.

#include <string>

#include "config/settings.hpp"

namespace switchyard::config {

/// In a few words, by the names of the settings: "provider catalog added, guard changed"; "" when
/// they are equal. No values, which may be secrets.
std::string changes(const settings& before, const settings& after);

}  // namespace switchyard::config
