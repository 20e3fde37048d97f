#pragma once

// Inside of base/subprocess: how every program of ours is started and reaped.
//
// Threading: any thread.

#include <sys/types.h>

#include <string>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "base/subprocess.hpp"

namespace switchyard::base {

struct spawned {
  pid_t pid;        ///< of the program, and of its process group
  unique_fd pidfd;  ///< readable when it has ended
};

/// errc::not_found: no such program; errc::io.
outcome<spawned> spawn(const command_line& command, const program_ends& ends);

/// What waitpid(2) gives, as a shell's exit code.
int exit_code(int wait_status);

/// Reaps a process that has ended or is about to: its exit code, -1 when somebody else reaped it.
int reap(pid_t pid);

/// "program: action: what errno `code` says".
error failure(errc kind, const std::string& program, const char* action, int code);

}  // namespace switchyard::base
