#pragma once

// Reloading HAProxy and awaiting the verdict: through the master CLI, or SIGUSR2 and a pid file.
//
// On HAProxy ≥ 2.7 the master CLI answers `reload` with Success=0/1 and the log; on 2.6 it answers
// nothing and the outcome is read from `show proc` (reload count, failed count, new worker's pid).
// Threading: one thread. Every wait has a deadline.

#include <sys/types.h>

#include <chrono>
#include <functional>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/capabilities.hpp"
#include "haproxy/reach.hpp"

namespace switchyard::haproxy {

/// The master that a reload would go to; one that is busy with another reload is awaited.
/// errc::conflict: it is another HAProxy's (same_master(), or it has no such `worker` where no
/// master was known); errc::unavailable, errc::timeout, errc::protocol. Needs
/// settings.master_socket.
base::outcome<master_process> find_master(const config::haproxy_settings& settings,
                                          const incumbent& known, pid_t worker);

struct reload_result {
  pid_t old_worker = 0;
  pid_t new_worker = 0;
  std::chrono::milliseconds took{0};
};

/// Reloads and waits until a new worker answers, on the runtime socket or through the master where
/// that is gone, with another pid and Stopping: 0. For a moment after that the old worker may still
/// accept a connection there, so look at the pid of each conversation that is opened.
/// errc::refused: HAProxy kept the old worker, with its log where it gives one; errc::timeout: no
/// verdict within `longest`, or it was busy with another reload all the while; errc::unavailable:
/// neither socket nor pid usable.
/// `settings.master_socket` is used when set, else SIGUSR2 to the pid in `settings.pid_file`.
base::outcome<reload_result> reload(const config::haproxy_settings& settings,
                                    const capabilities& can,
                                    std::chrono::milliseconds longest = std::chrono::seconds(30));

/// Reloads by a signal where the master's socket is out of reach: `send` sends SIGUSR2 to the
/// master, which makes its socket anew. Same errors, and those of `send`.
base::outcome<reload_result> reload_by_signal(
    const config::haproxy_settings& settings, pid_t old_worker,
    const std::function<base::status()>& send,
    std::chrono::milliseconds longest = std::chrono::seconds(30));

}  // namespace switchyard::haproxy
