#pragma once

// A program on a terminal at which nobody types.

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>

#include "base/fd.hpp"

namespace switchyard::tests {

/// What `ask` returns in a child that has a terminal of its own; false when it takes longer than
/// `longest`, as one does that waits for somebody to type.
inline bool holds_on_a_terminal(const std::function<bool()>& ask,
                                std::chrono::milliseconds longest = std::chrono::seconds(5)) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child < 0) return false;
  if (child == 0) ::_exit(ask() ? 0 : 1);
  const base::unique_fd screen(terminal);
  const base::deadline until(longest);
  // Reading fails (EIO) once the child has gone.
  std::array<char, 256> shown{};
  bool ended = false;
  while (!ended && !until.passed()) {
    const auto readable = base::wait_readable(screen.get(), until);
    ended = readable && *readable && ::read(screen.get(), shown.data(), shown.size()) <= 0;
  }
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace switchyard::tests
