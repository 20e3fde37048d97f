#include "base/subprocess.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <string_view>

#include "base/children.hpp"
#include "base/spawn.hpp"

namespace switchyard::base {

namespace {

constexpr std::size_t longest_errors = 65536;
// Past it, a program that was killed is left to itself: it is another user's, or hangs in the
// kernel.
constexpr std::chrono::seconds longest_death{2};

struct channel {
  unique_fd reader;
  unique_fd writer;
};

outcome<channel> make_channel() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure(errc::io, "run", "pipe", errno);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return channel{unique_fd(ends[0]), unique_fd(ends[1])};
}

/// A file without a name that holds `text`, at its beginning.
outcome<unique_fd> make_input(std::string_view text) {
  unique_fd file(::memfd_create("input", MFD_CLOEXEC));
  if (!file) return failure(errc::io, "run", "memfd_create", errno);
  while (!text.empty()) {
    const auto n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno != EINTR) return failure(errc::io, "run", "write", errno);
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// What a program prints on one descriptor, as much of it as is wanted.
struct printed {
  std::string& text;
  std::size_t limit;
  bool cut = false;

  /// Reads what is there now, at most what a pipe holds, so that a program that never stops writing
  /// cannot keep us here past its deadline. false: nothing more will come.
  bool drain(int fd) {
    std::array<char, 65536> buffer;
    for (int reads = 0; reads < 16; ++reads) {
      const auto n = ::read(fd, buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return false;
      // What is past the limit is read all the same: a full pipe would stop the program.
      const auto wanted = std::min(static_cast<std::size_t>(n), limit - text.size());
      text.append(buffer.data(), wanted);
      cut = cut || wanted < static_cast<std::size_t>(n);
    }
    return true;
  }
};

/// What ended the collecting.
enum class collected { ended, late, too_much, interrupted };

class collector {
 public:
  collector(const command_line& command, finished& into)
      : command_(command),
        output_{into.output, command.output_limit},
        errors_{into.errors, longest_errors} {}

  /// Collects output until the process ends.
  collected run(int pidfd, int output, int errors) {
    const deadline until(command_.deadline);
    fds_ = {{{pidfd, POLLIN, 0}, {output, POLLIN, 0}, {errors, POLLIN, 0}, {-1, POLLIN, 0}}};
    if (command_.interrupt != nullptr) fds_[3].fd = command_.interrupt->fd();
    for (;;) {
      const auto left = std::min<std::int64_t>(until.left().count(), INT_MAX);
      const int n = ::poll(fds_.data(), fds_.size(), static_cast<int>(left));
      if (n < 0 && errno != EINTR) return collected::late;
      if (n > 0) take();
      if (command_.whole_output && output_.cut) return collected::too_much;
      if (n > 0 && fds_[0].revents != 0) {
        // A grandchild may hold the pipe open for ever: what is in it now is all.
        take_all();
        return command_.whole_output && output_.cut ? collected::too_much : collected::ended;
      }
      if (n > 0 && fds_[3].revents != 0) return collected::interrupted;
      if (until.passed()) return collected::late;
    }
  }

 private:
  void take() {
    if (fds_[1].revents != 0 && !output_.drain(fds_[1].fd)) fds_[1].fd = -1;
    if (fds_[2].revents != 0 && !errors_.drain(fds_[2].fd)) fds_[2].fd = -1;
  }
  void take_all() {
    if (fds_[1].fd >= 0) output_.drain(fds_[1].fd);
    if (fds_[2].fd >= 0) errors_.drain(fds_[2].fd);
  }

  const command_line& command_;
  printed output_;
  printed errors_;
  std::array<pollfd, 4> fds_{};
};

/// The failure that ended a program of ours before it was done.
error stopped(const command_line& command, collected why) {
  const auto& name = command.argv.front();
  if (why == collected::too_much)
    return {errc::invalid, name + ": killed after printing more than " +
                               std::to_string(command.output_limit) + " bytes"};
  if (why == collected::interrupted)
    return {errc::unavailable, name + ": killed, it is not needed"};
  return {errc::timeout,
          name + ": killed after " + std::to_string(command.deadline.count()) + " ms"};
}

/// What a program of ours is connected to.
struct connections {
  channel output;
  channel errors;  ///< only where they are wanted apart
  unique_fd input;

  program_ends ends() const {
    return {input.get(), output.writer.get(),
            errors.writer ? errors.writer.get() : output.writer.get()};
  }
};

outcome<connections> connect(const command_line& command) {
  auto output = make_channel();
  if (!output) return output.error();
  connections result{*std::move(output), {}, {}};
  if (command.errors_apart) {
    auto errors = make_channel();
    if (!errors) return errors.error();
    result.errors = *std::move(errors);
  }
  if (!command.input.empty()) {
    auto input = make_input(command.input);
    if (!input) return input.error();
    result.input = *std::move(input);
  }
  return result;
}

}  // namespace

std::string signal_of(int exit_code) {
  const char* const name = exit_code > 128 ? ::sigabbrev_np(exit_code - 128) : nullptr;
  return name != nullptr ? std::string("SIG") + name : std::string();
}

outcome<finished> run(const command_line& command) {
  reap_left();
  auto ends = connect(command);
  if (!ends) return ends.error();
  auto process = spawn(command, ends->ends());
  if (!process) return process.error();
  ends->output.writer.reset();
  ends->errors.writer.reset();
  ends->input.reset();
  finished result;
  collector collecting(command, result);
  const auto how =
      collecting.run(process->pidfd.get(), ends->output.reader.get(), ends->errors.reader.get());
  // Also after a normal end: nothing that the program left behind outlives this call. The pid is
  // not reaped yet, so its number cannot be anybody else's. The program may have left its group.
  ::kill(-process->pid, SIGKILL);
  ::kill(process->pid, SIGKILL);
  const auto dead = wait_readable(process->pidfd.get(), deadline(longest_death));
  if (!dead || !*dead) {
    leave_child(process->pid);
    auto why = stopped(command, how);
    why.message += "; it has not ended even so, and is left to itself";
    return why;
  }
  result.exit_code = reap(process->pid);
  forget_child(process->pid);
  if (how != collected::ended) return stopped(command, how);
  return result;
}

outcome<child> child::start(const command_line& command, const program_ends& ends) {
  auto process = spawn(command, ends);
  if (!process) return process.error();
  return child(process->pid, std::move(process->pidfd));
}

std::optional<int> child::ended() {
  if (exit_code_) return exit_code_;
  int wait_status = 0;
  pid_t pid = 0;
  do {
    pid = ::waitpid(pid_, &wait_status, WNOHANG);
  } while (pid < 0 && errno == EINTR);
  // Reaped by somebody else: it has ended, with a code nobody told us.
  if (pid < 0) exit_code_ = -1;
  if (pid == pid_) exit_code_ = exit_code(wait_status);
  if (exit_code_) forget_child(pid_);
  return exit_code_;
}

std::optional<int> child::wait(std::chrono::milliseconds longest) {
  if (exit_code_) return exit_code_;
  const auto readable = wait_readable(pidfd_.get(), deadline(longest));
  return readable && *readable ? ended() : std::nullopt;
}

void child::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

}  // namespace switchyard::base
