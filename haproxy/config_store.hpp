#pragma once

// Where the configuration file lies, and what has to be true before it is replaced.
//
// Threading: one thread (the writer's). Touches the disk and runs `haproxy -c`.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/configuration.hpp"
#include "haproxy/own_file.hpp"

namespace switchyard::haproxy {

inline constexpr std::size_t largest_config_file = 1U << 30;

class config_store {
 public:
  /// `files` and `interrupt` outlive the store. `interrupt`: as of validate(), as is
  /// `longest_check`.
  explicit config_store(const config::haproxy_settings& settings,
                        base::files& files = base::files_on_disk(),
                        const base::wakeup* interrupt = nullptr,
                        std::chrono::milliseconds longest_check = std::chrono::seconds(30));

  /// Removes the temporary files that a killed switchyard has left. No other one may run on the
  /// same config_file.
  void tidy() const;

  /// The file as it is on disk. errc::not_found; errc::invalid when it is not ours.
  base::outcome<configuration> load();

  /// Checks that the file can be replaced: invariants, then `haproxy -c` on a temporary copy beside
  /// it (with base_file before it, an empty environment and the deadline). Without a binary
  /// ("haproxy.binary" empty) only the invariants. errc::refused holds HAProxy's own words.
  /// errc::timeout: it did not end in time. errc::unavailable: the interrupt was notified, which
  /// ends HAProxy's check. `scratch`: a folder for the temporary copy in the place of the file's
  /// own; "" for that.
  base::status validate(const configuration& candidate, const std::string& scratch = {}) const;

  /// The path where a version of somebody else's was kept since the last call: whoever edits the
  /// file between our writes finds their text as `<config_file>.edited`. "" when there was none.
  std::string take_edited() { return std::exchange(edited_, {}); }

  /// Whether somebody else has changed or removed the file since we read or wrote it.
  own_file::state look() { return last_.look(); }

  /// Whether a HAProxy that began to load then may have read a version of somebody else's, which
  /// looks like ours to `show env`.
  bool edited_around(std::chrono::system_clock::time_point started) const;
  /// What HAProxy was loaded with since is ours.
  void forget_edit() { edit_.reset(); }

  /// Replaces the file atomically and keeps the one before as `<config_file>.previous`; when
  /// somebody else has edited it since, `known` stands in for it.
  base::status write(const configuration& next, const configuration* known = nullptr);

  /// Replaces the file and leaves the previous one as it is: for what needs no reload, or stands in
  /// for a file that no HAProxy has loaded yet.
  base::status rewrite(const configuration& next);

  /// Puts the file that was there before the last write() back, byte by byte. errc::not_found:
  /// there was none, and the one that write() made stays.
  base::status restore_previous();

  // -- the last file that HAProxy was loaded with, as `<config_file>.loaded` --

  /// HAProxy, started at `since`, runs `running`, which is the file as it is now. What was kept is
  /// left alone when the file has only been brought up to date since that start: it may have become
  /// one that HAProxy does not start with.
  base::status keep_loaded(const configuration& running,
                           std::chrono::system_clock::time_point since);
  /// Whether HAProxy was loaded last with another version than this one.
  bool was_loaded_otherwise(const configuration& file) const;
  /// Puts it in the place of the file, and keeps it. errc::not_found: there is none, or the file is
  /// the same.
  base::status restore_loaded();

 private:
  std::string loaded_file() const { return settings_.config_file + ".loaded"; }
  base::status keep_edited(const std::string& found);

  config::haproxy_settings settings_;
  base::files& files_;
  const base::wakeup* interrupt_;
  std::chrono::milliseconds longest_check_;
  struct span {
    std::chrono::system_clock::time_point since, until;
  };

  own_file last_;  ///< what we read or wrote last
  std::string edited_;
  std::optional<span> edit_;  ///< when somebody else's version was there
};

/// What must hold for every file we write, whatever rendered it: ends in a newline, nothing but
/// printable ASCII, no double quote or backslash, no section but global, defaults, frontend and
/// backend, none of them twice (global apart), no server twice in its backend, every address an IP
/// literal with a port. errc::invalid names the line.
base::status check_invariants(std::string_view text);

}  // namespace switchyard::haproxy
