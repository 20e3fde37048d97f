#pragma once

// Processes by descriptor: a pid may be given to another process, a pidfd may not (pidfd_open(2)).
// By system call, since glibc 2.36 declares its wrappers without C linkage.

#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.hpp"

namespace switchyard::haproxy {

/// Empty, with errno set, when there is no such process.
inline base::unique_fd open_pidfd(pid_t pid) {
  return base::unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

/// false, with errno set, when the signal was not sent.
inline bool signal_pidfd(int pidfd, int number) {
  return ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0) == 0;
}

}  // namespace switchyard::haproxy
