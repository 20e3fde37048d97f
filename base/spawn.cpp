#include "base/spawn.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/children.hpp"
namespace switchyard::base {

namespace {

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
  }
  ~spawn_setup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  spawn_setup(const spawn_setup&) = delete;
  spawn_setup& operator=(const spawn_setup&) = delete;

  void connect(const program_ends& ends) {
    if (ends.input >= 0)
      ::posix_spawn_file_actions_adddup2(&actions_, ends.input, STDIN_FILENO);
    else
      ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (ends.output >= 0) ::posix_spawn_file_actions_adddup2(&actions_, ends.output, STDOUT_FILENO);
    if (ends.errors >= 0) ::posix_spawn_file_actions_adddup2(&actions_, ends.errors, STDERR_FILENO);
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

}  // namespace

error failure(errc kind, const std::string& program, const char* action, int code) {
  return {kind, program + ": " + action + ": " + std::strerror(code)};
}

int exit_code(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int reap(pid_t pid) {
  int wait_status = 0;
  while (::waitpid(pid, &wait_status, 0) < 0)
    if (errno != EINTR) return -1;
  return exit_code(wait_status);
}

outcome<spawned> spawn(const command_line& command, const program_ends& ends) {
  const auto name = command.argv.empty() ? std::string() : command.argv.front();
  const auto program = find_program(name);
  if (!program) return program.error();
  auto arguments = command.argv;
  // HAProxy's master executes its own argv[0] at a reload, and its PATH need not lead there.
  arguments.front() = *program;
  std::vector<std::string> variables;
  for (const auto& [key, value] : command.environment) variables.push_back(key + "=" + value);

  spawn_setup setup;
  setup.connect(ends);
  pid_t pid = -1;
  const starting_child starting;
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
  claim_child(pid);
  return spawned{pid, std::move(pidfd)};
}

}  // namespace switchyard::base
