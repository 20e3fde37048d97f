#pragma once

// Running another program: once with a deadline, or as a child that is kept.
//
// No shell is involved; arguments go to execve as they are. The program inherits no descriptor past
// stderr, reads nothing unless it is given input (its stdin is /dev/null) and starts with default
// signal handling.
// Threading: every function may be called from any thread; a child belongs to one thread at a time.

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"

namespace switchyard::base {

struct command_line {
  /// argv[0] without a slash is looked up in our PATH, then in the sbin folders, where HAProxy lies
  /// and where a user's PATH often does not lead; the program gets the path that was found.
  std::vector<std::string> argv{};
  std::map<std::string, std::string> environment{};  ///< the whole environment of the program
  std::chrono::milliseconds deadline{10'000};        ///< for run(): SIGKILL to its group past this
  std::size_t output_limit = 1 << 20;                ///< for run(): bytes kept of its output
  // For run() alone:
  bool whole_output = false;          ///< past output_limit it is killed; else the rest is dropped
  bool errors_apart = false;          ///< its stderr goes to finished::errors, not to the output
  std::string input{};                ///< what its stdin holds
  const wakeup* interrupt = nullptr;  ///< it is killed once this is notified
};

struct finished {
  int exit_code = -1;  ///< 128 + the signal's number when a signal ended it
  std::string output;  ///< stdout and stderr as they came, cut at output_limit
  std::string errors;  ///< the first 64 KiB of stderr, with errors_apart
};

/// "SIGSEGV", of a program that a signal has ended, or a shell or HAProxy's master whose child has
/// been so, by an exit code past 128; "" of any other.
std::string signal_of(int exit_code);

/// Runs a program to its end in a process group of its own; what is left of the group then is
/// killed. errc::not_found: no such program; errc::timeout: killed at the deadline; errc::invalid:
/// killed at the output limit; errc::unavailable: interrupted; errc::io.
outcome<finished> run(const command_line& command);

/// Descriptors of ours that a program gets; -1: /dev/null as stdin, our own stdout or stderr.
struct program_ends {
  int input = -1;
  int output = -1;
  int errors = -1;
};

/// A running child process. Destroying the object does not end the child.
class child {
 public:
  /// Starts a program in a process group of its own, so that a Ctrl-C in the terminal reaches us
  /// alone. errc::not_found, errc::io.
  static outcome<child> start(const command_line& command, const program_ends& ends = {});

  pid_t pid() const { return pid_; }
  /// The exit code if it has ended (reaps it), nothing while it runs. Never blocks.
  std::optional<int> ended();
  /// Waits for the end, at most `longest`.
  std::optional<int> wait(std::chrono::milliseconds longest);
  /// Sends a signal; nothing happens when it has ended already.
  void signal(int number) const;
  /// Becomes readable when the process ends (pidfd_open(2)).
  int pidfd() const { return pidfd_.get(); }

 private:
  child(pid_t pid, unique_fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_;
  unique_fd pidfd_;
  std::optional<int> exit_code_;
};

}  // namespace switchyard::base
