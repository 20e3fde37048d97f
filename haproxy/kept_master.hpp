#pragma once

// Which HAProxy is ours, kept beside the configuration file (`<config_file>.master`: the pid of its
// master and when that started): for a switchyard that starts again and finds its sockets gone, or
// another HAProxy behind them.
//
// Threading: one thread. Touches the disk and reads the process table.

#include <string>

#include "base/files.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/program.hpp"

namespace switchyard::haproxy {

class kept_master {
 public:
  /// `files` outlives it.
  explicit kept_master(const config::haproxy_settings& settings,
                       base::files& files = base::files_on_disk());

  const std::string& path() const { return path_; }

  /// The HAProxy that was kept, while its master runs; none once that was told to stop.
  program running() const;
  /// The same, unless its command line is known and does not have our configuration file.
  program running_on_our_file() const;
  /// The HAProxy that was being told to stop and has not ended: switchyard was killed meanwhile,
  /// perhaps before its signal was sent.
  program leaving() const;

  enum class course { runs, stops };
  /// Writes nothing where just that is kept. errc::io.
  base::status keep(const program& master, course what = course::runs);
  void forget();

 private:
  struct entry {
    program master;
    course what = course::runs;
    bool operator==(const entry&) const = default;
  };
  entry read() const;

  std::string path_;
  std::string config_file_;
  std::string binary_;
  base::files* files_;
};

}  // namespace switchyard::haproxy
