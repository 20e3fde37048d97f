#pragma once

// Managed mode: HAProxy as our own program, in master-worker mode with a master socket.
//
// An HAProxy that is already there (left by a switchyard that was killed) is adopted through its
// master socket. Which one it is stands beside the configuration file as well
// (haproxy/kept_master.hpp), so that none is started beside one whose sockets are gone. Threading:
// one thread.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "base/subprocess.hpp"
#include "config/settings.hpp"
#include "haproxy/kept_master.hpp"

namespace switchyard::haproxy {

/// errc::conflict, with its pid and the remedy: the HAProxy that an earlier run has started on
/// config_file still runs, and nobody finds it at its master socket. One that is starting or
/// loading has `longest` to be found or to end.
base::status none_left_behind(
    const config::haproxy_settings& settings,
    std::chrono::milliseconds longest = std::chrono::milliseconds(10'000));

class process {
 public:
  explicit process(config::haproxy_settings settings);
  /// Leaves HAProxy running.
  ~process() = default;
  process(process&&) = default;
  process& operator=(process&&) = default;

  /// Adopts the HAProxy behind the master socket, or starts one on the configuration file and waits
  /// until its runtime socket answers. errc::not_found: no binary; errc::refused: HAProxy ended at
  /// once (how; its own words are haproxy/messages.hpp's); errc::conflict: a worker that answers on
  /// our runtime socket has no master behind our master socket and does not end, the master there
  /// was not started on our configuration file, or none_left_behind(); errc::timeout.
  base::status ensure_running(std::chrono::milliseconds longest = std::chrono::seconds(30));

  /// Whether the master is alive, as far as is known without asking it.
  bool alive();
  pid_t master_pid() const { return master_; }
  /// How the HAProxy that answered last has ended: "SIGSEGV" (of its master, or of the worker that
  /// the master has ended with), "exit code 1"; "" when none has, and where nobody told us: an
  /// adopted one is no child of ours.
  const std::string& last_end() const { return last_end_; }
  /// Readable when the master ends; -1 when there is none.
  int pidfd() const { return pidfd_.get(); }

  /// Whether begin_reload() can be: the master runs, and its socket can be made where it belongs
  /// (its folder is made when it is missing), without which HAProxy ends with the reload
  /// (2.6, 3.4). errc::unavailable, errc::io.
  base::status reloadable();
  /// Sends SIGUSR2 to the master, which makes its socket anew. Same errors.
  base::status begin_reload();

  /// Lets HAProxy finish its connections (SIGUSR1), at most `grace`, then ends it (SIGTERM, and
  /// SIGKILL after 5 s more). Removes its socket files. Nothing when it does not run.
  void stop(std::chrono::milliseconds grace);

 private:
  enum class presence { adopted, none };
  base::outcome<presence> find(const base::deadline& until);
  void dismiss(const program& leaving, const base::deadline& until) const;
  base::status adopt(const base::deadline& until);
  base::status take(pid_t master);
  base::status start();
  void keep_master();

  config::haproxy_settings settings_;
  kept_master kept_;
  std::optional<base::child> child_;  // nothing for an adopted one
  base::unique_fd pidfd_;
  pid_t master_ = 0;
  bool answered_ = false;  ///< ensure_running() has found it in order
  std::string last_end_;
};

}  // namespace switchyard::haproxy
