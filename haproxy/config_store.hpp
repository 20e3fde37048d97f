#pragma once

// Where the configuration file lies, and what has to be true before it is replaced.
//
// Threading: one thread (the writer's). Touches the disk and runs `haproxy -c`.

#include <chrono>
#include <string>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/configuration.hpp"

namespace switchyard::haproxy {

class config_store {
 public:
  explicit config_store(const config::haproxy_settings& settings);

  /// The file as it is on disk. errc::not_found; errc::invalid when it is not ours.
  base::outcome<configuration> load() const;

  /// Checks that the file can be replaced: invariants, then `haproxy -c` on a temporary copy beside
  /// it (with base_file before it, an empty environment and a deadline of 30 s). Without a binary
  /// ("haproxy.binary" empty) only the invariants. errc::refused holds HAProxy's own words.
  base::status validate(const configuration& candidate) const;

  /// Replaces the file atomically and keeps the one before as `<config_file>.previous`.
  base::status write(const configuration& next);

  /// Replaces the file and leaves the previous one as it is: for what needs no reload, or stands in
  /// for a file that no HAProxy has loaded yet.
  base::status rewrite(const configuration& next);

  /// Puts the file that was there before the last write() back, byte by byte. errc::not_found:
  /// there was none, and the one that write() made stays.
  base::status restore_previous();

 private:
  config::haproxy_settings settings_;
};

/// What must hold for every file we write, whatever rendered it: ends in a newline, nothing but
/// printable ASCII, no double quote or backslash, no section but global, defaults, frontend and
/// backend, none of them twice (global apart), no server twice in its backend, every address an IP
/// literal with a port. errc::invalid names the line.
base::status check_invariants(std::string_view text);

}  // namespace switchyard::haproxy
