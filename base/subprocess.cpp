#include "base/subprocess.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace switchyard::base {

namespace {

error failure(errc kind, const std::string& program, const char* action, int code) {
  return {kind, program + ": " + action + ": " + std::strerror(code)};
}

bool executable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

/// Looks a program up here rather than by execvp, which would use the child's PATH.
outcome<std::string> find_program(const std::string& name) {
  if (name.empty()) return error{errc::not_found, "no program is named"};
  if (name.find('/') != std::string::npos) return name;
  const char* ours = std::getenv("PATH");
  std::string folders = ours != nullptr ? ours : "/usr/local/bin:/usr/bin:/bin";
  folders += ":/usr/local/sbin:/usr/sbin:/sbin";
  std::string_view rest = folders;
  while (!rest.empty()) {
    const auto folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    if (folder.empty()) continue;
    auto path = std::string(folder) + "/" + name;
    if (executable(path)) return path;
  }
  return error{errc::not_found, name + ": no such program in PATH"};
}

/// Strings as execve takes them. Keeps pointers into `strings`.
std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

/// posix_spawn's two argument objects, set up the way every program of ours is started.
class spawn_setup {
 public:
  spawn_setup() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(
        &attributes_,
        static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  ~spawn_setup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  spawn_setup(const spawn_setup&) = delete;
  spawn_setup& operator=(const spawn_setup&) = delete;

  void send_output_to(int fd) {
    ::posix_spawn_file_actions_adddup2(&actions_, fd, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, fd, STDERR_FILENO);
  }

  /// 0 or the errno of whatever failed, execve included.
  int start(pid_t& pid, const std::string& program, char* const* argv, char* const* environment) {
    // Libraries may open descriptors without close-on-exec; none of them is the program's business.
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv, environment);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

struct started {
  pid_t pid;
  unique_fd pidfd;
};

int exit_code(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// Reaps a process that has ended or is about to.
int reap(pid_t pid) {
  int wait_status = 0;
  while (::waitpid(pid, &wait_status, 0) < 0)
    if (errno != EINTR) return -1;
  return exit_code(wait_status);
}

outcome<started> spawn(const command_line& command, int output) {
  const auto name = command.argv.empty() ? std::string() : command.argv.front();
  const auto program = find_program(name);
  if (!program) return program.error();
  auto arguments = command.argv;
  std::vector<std::string> variables;
  for (const auto& [key, value] : command.environment) variables.push_back(key + "=" + value);

  spawn_setup setup;
  if (output >= 0) setup.send_output_to(output);
  pid_t pid = -1;
  const int code =
      setup.start(pid, *program, pointers(arguments).data(), pointers(variables).data());
  if (code != 0)
    return failure(code == ENOENT || code == ENOTDIR ? errc::not_found : errc::io, *program,
                   "cannot be started", code);
  // The child is not reaped yet, so the pid is still its own.
  unique_fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const int cause = errno;
    ::kill(-pid, SIGKILL);
    reap(pid);
    return failure(errc::io, *program, "pidfd_open", cause);
  }
  return started{pid, std::move(pidfd)};
}

/// Reads what is there now, at most what a pipe holds, so that a program that never stops writing
/// cannot keep us here past its deadline. false: nothing more will come.
bool drain(int fd, std::string& output, std::size_t limit) {
  std::array<char, 65536> buffer;
  for (int reads = 0; reads < 16; ++reads) {
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    // What is past the limit is read all the same: a full pipe would stop the program.
    output.append(buffer.data(), std::min(static_cast<std::size_t>(n), limit - output.size()));
  }
  return true;
}

/// Collects output until the process ends. false: the deadline passed first.
bool collect(int pidfd, int output_fd, const command_line& command, std::string& output) {
  const deadline until(command.deadline);
  std::array<pollfd, 2> fds{{{pidfd, POLLIN, 0}, {output_fd, POLLIN, 0}}};
  for (;;) {
    const auto left = std::min<std::int64_t>(until.left().count(), INT_MAX);
    const int n = ::poll(fds.data(), fds.size(), static_cast<int>(left));
    if (n < 0 && errno != EINTR) return false;
    if (n > 0 && fds[1].revents != 0 && !drain(output_fd, output, command.output_limit))
      fds[1].fd = -1;
    if (n > 0 && fds[0].revents != 0) {
      // A grandchild may hold the pipe open for ever: what is in it now is all.
      drain(output_fd, output, command.output_limit);
      return true;
    }
    if (until.passed()) return false;
  }
}

}  // namespace

outcome<finished> run(const command_line& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure(errc::io, "run", "pipe", errno);
  const unique_fd reader(ends[0]);
  unique_fd writer(ends[1]);
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);

  auto process = spawn(command, writer.get());
  if (!process) return process.error();
  writer.reset();
  finished result;
  const bool ended = collect(process->pidfd.get(), reader.get(), command, result.output);
  // Also after a normal end: nothing that the program left behind outlives this call. The pid is
  // not reaped yet, so the group's number cannot be anybody else's.
  ::kill(-process->pid, SIGKILL);
  result.exit_code = reap(process->pid);
  if (!ended)
    return error{errc::timeout, command.argv.front() + ": killed after " +
                                    std::to_string(command.deadline.count()) + " ms"};
  return result;
}

outcome<child> child::start(const command_line& command) {
  auto process = spawn(command, -1);
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
