#pragma once

// The log of the daemon: lines for people, or one JSON object a line for machines, on standard
// error.
//
// Threading: a logger may be used from any thread.

#include <spdlog/logger.h>

#include <memory>

#include "config/settings.hpp"

namespace switchyard::actors {

using log_ptr = std::shared_ptr<spdlog::logger>;

/// A logger that writes to standard error as the settings say. Under systemd (JOURNAL_STREAM is
/// set) text lines begin with the priority that journald reads instead of a time of their own.
log_ptr make_log(const config::log_settings& settings);

/// A logger that writes nowhere, for tests.
log_ptr make_silent_log();

/// Takes another level from now on.
void set_level(spdlog::logger& log, config::log_level level);

}  // namespace switchyard::actors
