#pragma once

// One run of the operator's command, and what its end means.
//
// Threading: none; what it starts is ended before it returns.

#include <string>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "base/subprocess.hpp"
#include "config/settings.hpp"

namespace switchyard::providers::exec {

/// What the command gets beside `environment` of the settings: nothing of ours.
extern const std::map<std::string, std::string> least_environment;

/// What the command printed. errc::not_found: no such program; errc::refused: it ended with another
/// exit code than 0; errc::timeout, errc::invalid: killed at the deadline or the limit of output;
/// errc::unavailable: `stop` was notified; errc::io.
base::outcome<std::string> output_of(const config::exec_settings& settings,
                                     const base::wakeup* stop);

/// "exited with code 3: "its first line of stderr"". Pure.
std::string description_of(const base::finished& ended);

}  // namespace switchyard::providers::exec
