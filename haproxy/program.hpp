#pragma once

// Processes as /proc tells of them (proc(5)): which one it is, whether it runs, what it runs.
//
// A pid may be given away; a pid and its start time are one process for good, and starting itself
// anew, as a master does with every reload, changes neither. An HAProxy in another process
// namespace has numbers that mean nothing here: it is not known then, and nothing is held against
// it. Threading: free functions.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace switchyard::haproxy {

struct program {
  pid_t pid = 0;              ///< 0: none
  std::uint64_t started = 0;  ///< in clock ticks since the machine's start; 0: none

  bool operator==(const program&) const = default;
};

/// The process with that pid now; none when there is none or it has ended and was not reaped.
program program_at(pid_t pid);

/// Whether it is there and has not ended; false for none.
bool runs(const program& which);

/// Whether `pid` runs HAProxy, by the name that the kernel gives it (at most 15 bytes).
bool is_haproxy(pid_t pid, const std::string& binary);

/// program_at(), none when that is no HAProxy.
program haproxy_at(pid_t pid, const std::string& binary);

/// Nothing when there is no such process.
std::optional<pid_t> parent_of(pid_t pid);

/// How many HAProxys `worker`'s master has started besides it: workers that are still draining. 0
/// where that cannot be seen, as when HAProxy is in another process namespace.
std::size_t other_workers(pid_t worker, const std::string& binary);

/// Whether one of the arguments that `pid` was started with is `argument`; nothing when they cannot
/// be read.
std::optional<bool> started_with(pid_t pid, const std::string& argument);

/// Whether `pid` has a handler for the signal; true when that cannot be read.
bool catches(pid_t pid, int signal);

/// Whether `pid` was started to take the place of `other` (HAProxy's -sf and -st). Only the
/// worker that it was started with tells: a master starts itself anew without them (2.6, 3.0).
bool started_to_replace(pid_t pid, pid_t other);

}  // namespace switchyard::haproxy
