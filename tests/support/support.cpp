#include "tests/support/support.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace switchyard::tests {

namespace {

using std::chrono::milliseconds;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// They look for leaks, and tell of races, at the end.
constexpr std::chrono::seconds patience_with_an_end{30};

/// Fails this program at its end when a sanitizer has reported something of a child.
void check_sanitizers(const std::filesystem::path& log) {
  if (!std::filesystem::is_regular_file(log)) return;  // a pipe would be read without an end
  const auto text = read_text(log);
  const auto at = std::min(text.find("Sanitizer: "), text.find(": runtime error: "));
  if (at == std::string::npos) return;
  constexpr std::size_t shown = 6'000;
  std::cerr << "a sanitizer's report in " << log << ":\n"
            << text.substr(text.rfind('\n', at) + 1, shown) << std::endl;
  static const bool registered = std::atexit([] { ::_exit(66); }) == 0;
  if (!registered) std::abort();
}
#else
constexpr std::chrono::seconds patience_with_an_end{5};
void check_sanitizers(const std::filesystem::path& /*log*/) {}
#endif

/// Ports from 10000 up to the ephemeral range, in blocks of which a process owns whole ones.
constexpr unsigned first_port = 10'000;
constexpr unsigned block_size = 100;
constexpr unsigned blocks = (32'768 - first_port) / block_size;

/// Owns a block while the process lives: an abstract Unix socket vanishes with its process and is
/// known in one network namespace, just as ports are.
base::unique_fd own_block(unsigned block) {
  base::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) fail("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = "switchyard-test-ports-" + std::to_string(block);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = offsetof(sockaddr_un, sun_path) + 1 + name.size();
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(length)) != 0)
    fd.reset();
  return fd;
}

bool port_is_free(unsigned port) {
  const base::unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) fail("socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  // Every address: a listener on any of them counts.
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
         ::listen(fd.get(), 1) == 0;
}

class port_source {
 public:
  std::uint16_t next() {
    const std::lock_guard lock(mutex_);
    for (;;) {
      if (left_ == 0) take_block();
      const auto port = next_++;
      --left_;
      if (port_is_free(port)) return static_cast<std::uint16_t>(port);
    }
  }

 private:
  void take_block() {
    // Neighbouring process ids begin at different blocks, so that they rarely contend.
    const auto start = static_cast<unsigned>(::getpid()) % blocks;
    for (unsigned i = 0; i < blocks; ++i) {
      const auto block = (start + i) % blocks;
      auto owned = own_block(block);
      if (!owned) continue;
      owned_.push_back(std::move(owned));
      next_ = first_port + block * block_size;
      left_ = block_size;
      return;
    }
    throw std::runtime_error("no block of test ports is left");
  }

  std::mutex mutex_;
  std::vector<base::unique_fd> owned_;
  unsigned next_ = 0;
  unsigned left_ = 0;
};

std::map<std::string, std::string> our_environment() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

/// The child's side of a fork. Only async-signal-safe calls.
[[noreturn]] void become(char* const* argv, char* const* environment, int log, pid_t parent) {
  ::setpgid(0, 0);
  // Goes with its parent, also when that is killed. (It goes with the thread that started it, too:
  // tests start programs from threads that outlive them.)
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execvpe(argv[0], argv, environment);
  const char message[] = "cannot be started\n";
  [[maybe_unused]] const auto n = ::write(STDERR_FILENO, message, sizeof message - 1);
  ::_exit(127);
}

/// Waits for the end of a child of ours without reaping it.
bool ends_within(pid_t pid, milliseconds longest) {
  const base::unique_fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) fail("pidfd_open");
  const auto ended = base::wait_readable(pidfd.get(), base::deadline(longest));
  return ended && *ended;
}

int reap(pid_t pid) {
  int wait_status = 0;
  while (::waitpid(pid, &wait_status, 0) < 0)
    if (errno != EINTR) fail("waitpid");
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

temp_dir::temp_dir() {
  std::string name = "/tmp/sy.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) fail("mkdtemp");
  path_ = name;
}

temp_dir::~temp_dir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint16_t free_port() {
  static port_source source;
  return source.next();
}

bool eventually(const std::function<bool()>& condition, milliseconds longest) {
  const base::deadline until(longest);
  for (;;) {
    // Read first: a condition that becomes true while it is computed shall not be missed.
    const bool last = until.passed();
    const auto asked = std::chrono::steady_clock::now();
    if (condition()) return true;
    if (last) return false;
    // One that starts a program takes its time; whoever else is at work shall have half of it.
    std::this_thread::sleep_for(std::clamp<std::chrono::nanoseconds>(
        std::chrono::steady_clock::now() - asked, milliseconds(2), milliseconds(50)));
  }
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

std::string read_text(const std::filesystem::path& path) {
  const std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return text.str();
}

background_process::background_process(const std::vector<std::string>& argv,
                                       const std::filesystem::path& log,
                                       const std::map<std::string, std::string>& extra_environment)
    : log_(log) {
  const base::unique_fd out(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!out) fail("open " + log.string());
  auto arguments = argv;
  auto environment = our_environment();
  for (const auto& [key, value] : extra_environment) environment[key] = value;
  std::vector<std::string> variables;
  variables.reserve(environment.size());
  for (const auto& [key, value] : environment) variables.push_back(key + "=" + value);
  const auto argument_pointers = pointers(arguments);
  const auto variable_pointers = pointers(variables);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) become(argument_pointers.data(), variable_pointers.data(), out.get(), parent);
  // On both sides, so that the group is there whoever comes first.
  ::setpgid(pid_, pid_);
}

background_process::~background_process() {
  if (!exit_code_) {
    ::kill(pid_, SIGTERM);
    ends_within(pid_, patience_with_an_end);
    // What it started goes as well. Not reaped yet: the group's number is still its own.
    ::kill(-pid_, SIGKILL);
    reap(pid_);
  }
  check_sanitizers(log_);
}

bool background_process::running() {
  return !wait(milliseconds(0));
}

void background_process::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> background_process::wait(milliseconds longest) {
  if (!exit_code_ && ends_within(pid_, longest)) exit_code_ = reap(pid_);
  return exit_code_;
}

std::set<pid_t> processes_with(const std::string& text) {
  std::set<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (contains(read_text(entry.path() / "environ"), text) ||
        contains(read_text(entry.path() / "cmdline"), text))
      found.insert(std::stoi(name));
  }
  return found;
}

std::string run_program(const std::vector<std::string>& argv) {
  const auto result = base::run({.argv = argv,
                                 .environment = our_environment(),
                                 .deadline = std::chrono::seconds(60),
                                 .output_limit = std::size_t{64} << 20});
  if (!result) throw std::runtime_error(result.error().message);
  if (result->exit_code != 0)
    throw std::runtime_error(argv.front() + ": exit code " + std::to_string(result->exit_code) +
                             ": " + result->output);
  return result->output;
}

}  // namespace switchyard::tests
