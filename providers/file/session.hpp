#pragma once

// One run of watching: from changes of folder entries to reports and health.
//
// Threading: one thread.

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "config/settings.hpp"
#include "providers/file/changes.hpp"
#include "providers/file/contents.hpp"
#include "providers/file/scan.hpp"
#include "providers/file/watcher.hpp"
#include "providers/provider.hpp"

namespace switchyard::providers::file {

class session {
 public:
  using clock = std::chrono::steady_clock;

  /// A file that went from a folder takes its backends along after this time: editors that rename
  /// or delete a file before they write the new one must not look like that.
  static constexpr std::chrono::milliseconds removal_grace{200};

  session(const config::file_settings& settings, sink& out);

  /// Reads everything and reports it.
  void begin();
  /// Waits for something to do, at most until `wake` is notified, and does it.
  void step(const base::wakeup& wake);

 private:
  void look(bool all, clock::time_point seen_at);
  scan_result arm();
  void settle();
  bool take_files(const scan_result& now, bool all);
  bool take_removals(const scan_result& now);
  void retry_those_crowded_out();
  void report(clock::time_point seen_at);
  void report_health(const std::string& missing);
  clock::time_point next_wake() const;

  std::filesystem::path path_;
  std::chrono::milliseconds resync_;
  std::size_t most_bytes_;
  sink& out_;
  watcher watcher_;
  changes changes_;
  contents contents_;
  std::map<std::string, found_file> read_;  ///< as they were when they were read last
  std::map<std::string, clock::time_point> absent_since_;
  std::set<std::string> reported_;
  std::set<model::place> reported_places_;  ///< of routes
  bool ever_reported_ = false;
  std::string watch_fault_;
  model::provider_health health_;
  bool look_again_ = false;  ///< at a file that changed while it was read, or that may fit by now
  clock::time_point resync_at_;
};

}  // namespace switchyard::providers::file
