#pragma once

// The log of the daemon: lines for people, or one JSON object a line for machines, on standard
// error.
//
// Threading: a logger may be used from any thread.

#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "config/settings.hpp"

namespace switchyard::actors {

using log_ptr = std::shared_ptr<spdlog::logger>;

/// What a line is about, besides its sentence: members of the JSON object, and in parentheses
/// behind the sentence of a text line. What is empty, 0 or nothing is left out.
struct log_fields {
  std::string_view kind;  ///< JSON only, like the next two: the sentence names them
  std::string_view backend;
  std::string_view server;
  std::string_view provider;
  std::uint64_t revision = 0;
  std::optional<std::chrono::nanoseconds> took;         ///< how long switchyard worked on it
  std::optional<std::chrono::nanoseconds> propagation;  ///< since the source told of it
};

/// A logger that writes to standard error as the settings say. Where that is the journal
/// (JOURNAL_STREAM, systemd.exec(5)) lines begin with the priority that journald reads, and text
/// lines have no time of their own. Where nobody reads it nobody waits: see log_queue. Secrets that
/// base::redact() knows are hidden in every line.
log_ptr make_log(const config::log_settings& settings);

/// A logger that writes nowhere, for tests.
log_ptr make_silent_log();

/// One line with fields.
void write(spdlog::logger& log, spdlog::level::level_enum level, std::string_view text,
           const log_fields& fields);

/// Takes another level from now on. Any thread.
void set_level(spdlog::logger& log, config::log_level level);
config::log_level level_of(const spdlog::logger& log);

}  // namespace switchyard::actors
