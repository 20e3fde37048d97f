#pragma once

// What `switchyard doctor` asks a database, and what helps against its refusals.
//
// Threading: none; every wait has a deadline.

#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "providers/provider.hpp"

namespace switchyard::providers::postgres {

/// Whether notifications come through (proven by one of our own), whether switchyard's triggers are
/// there, enabled and on the channel of the settings, and how far the clocks are apart.
std::vector<diagnosis> diagnose(const config::postgres_settings& settings);

/// What to do about an error in a database's words; "" when nothing is known.
std::string remedy(const config::postgres_settings& settings, const base::error& why);

/// The shell command that makes or renews the tables and triggers, as these settings want them.
std::string sql_command(const config::postgres_settings& settings);

}  // namespace switchyard::providers::postgres
