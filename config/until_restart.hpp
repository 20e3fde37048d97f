#pragma once

// What of the settings a running daemon goes on with until its next start. Pure.

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace switchyard::config {

/// Tells each memory provider where in `state_dir` it keeps its backends.
void place_memory_files(settings& of);

/// Puts back in `next` what cannot change before the next start, so that no part of the daemon
/// meets other files or sockets than the rest of it. Returns the keys that differed, such as
/// "haproxy.mode".
std::vector<std::string> keep_until_restart(const settings& started_with, const settings& in_force,
                                            settings& next);

}  // namespace switchyard::config
