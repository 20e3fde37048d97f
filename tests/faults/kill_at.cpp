// Kills the program that it is loaded into (LD_PRELOAD) before a call by which it changes files,
// starts programs, or talks over Unix sockets.
//
// TEST_KILL_AT names a file that lists calls, each with the one before it, one a line: "fsync
// .haproxy.cfg.tmp- > rename haproxy.cfg". The program is killed at the first call that is not
// listed there, and `<file>.died` tells which; without that file nothing happens. Commands that are
// sent in one piece are a step each: HAProxy has carried out those before the one that the program
// is killed at. No part of the product: it knows nothing of this.

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

struct text {
  char bytes[256] = {};
  void add(const char* more) { std::strncat(bytes, more, sizeof bytes - std::strlen(bytes) - 1); }
};

// The calling thread waits for a program that it has just started.
thread_local bool started_program = false;
thread_local text last_step;

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

enum class listed { yes, no, no_list };

/// Raw system calls: the others are ours.
listed look_up(const char* file, const char* step) {
  static thread_local char list[65536];
  const long fd = ::syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return listed::no_list;
  const long n = ::syscall(SYS_read, fd, list, sizeof list - 1);
  ::syscall(SYS_close, fd);
  list[n > 0 ? n : 0] = '\0';
  text line;
  line.add("\n");
  line.add(step);
  line.add("\n");
  return std::strstr(list, line.bytes) != nullptr ? listed::yes : listed::no;
}

const char* last_part(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

[[noreturn]] void die(const char* file, const char* step) {
  text name;
  name.add(file);
  name.add(".died");
  const long fd = ::syscall(SYS_openat, AT_FDCWD, name.bytes, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::syscall(SYS_write, fd, step, std::strlen(step));
  ::syscall(SYS_kill, ::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// Without the six characters that differ each time.
void add_name(text& to, const char* path) {
  const char* const name = last_part(path);
  to.add(name);
  for (const char* const unique : {"tmp-", "sy."})
    if (char* const at = std::strstr(to.bytes, unique); at != nullptr) {
      at[std::strlen(unique)] = '\0';
      return;
    }
}

/// "add map @7 …" → "add map @": the version of a map is another one each time.
void cut_version(text& of) {
  for (char* at = of.bytes; (at = std::strchr(at, '@')) != nullptr; ++at)
    if (at[1] >= '0' && at[1] <= '9') {
      at[1] = '\0';
      return;
    }
}

/// What a connection has been sent of a piece of several commands, `answers` of them.
struct sent_part {
  int fd = -1;
  const char* bytes = nullptr;
  size_t size = 0;
  int answers = 0;
};

/// Sends that part and reads the answers to it, each of which ends with the prompt: nobody else
/// will.
void deliver(const sent_part& part) {
  constexpr int longest_ms = 1000;
  if (part.answers == 0) return;
  real<ssize_t (*)(int, const void*, size_t, int)>("send")(part.fd, part.bytes, part.size,
                                                           MSG_NOSIGNAL);
  const auto wait = real<int (*)(pollfd*, nfds_t, int)>("poll");
  char before = '\0';
  for (int answered = 0; answered < part.answers;) {
    pollfd readable{part.fd, POLLIN, 0};
    char now = '\0';
    if (wait(&readable, 1, longest_ms) <= 0 || ::recv(part.fd, &now, 1, MSG_DONTWAIT) != 1) return;
    if (before == '>' && now == ' ') ++answered;
    before = now;
  }
}

void step(const char* call, const char* about, const sent_part& part = {}) {
  const char* const file = std::getenv("TEST_KILL_AT");
  if (file == nullptr) return;
  const int before = errno;
  text now;
  now.add(call);
  now.add(" ");
  add_name(now, about);
  text pair = last_step;
  pair.add(" > ");
  pair.add(now.bytes);
  const auto found = look_up(file, pair.bytes);
  if (found == listed::no) {
    deliver(part);
    die(file, pair.bytes);
  }
  last_step = found == listed::yes ? now : text();
  errno = before;
}

/// What a descriptor is of: the path of a file.
void step_on(const char* call, int fd) {
  text link;
  link.add("/proc/self/fd/");
  char digits[16] = {};
  int at = sizeof digits - 1;
  for (int rest = fd; at > 0 && (rest > 0 || at == sizeof digits - 1); rest /= 10)
    digits[--at] = static_cast<char>('0' + rest % 10);
  link.add(digits + at);
  text path;
  if (::readlink(link.bytes, path.bytes, sizeof path.bytes - 1) < 0) return;
  step(call, path.bytes);
}

/// A step for each line; what comes behind "<<" is the payload of its command.
void step_on_commands(int fd, const char* bytes, size_t size) {
  sent_part before{fd, bytes, 0, 0};
  while (before.size < size) {
    const char* const from = bytes + before.size;
    const auto* const end = static_cast<const char*>(std::memchr(from, '\n', size - before.size));
    const size_t length = end == nullptr ? size - before.size : static_cast<size_t>(end - from);
    text line;
    for (size_t i = 0; i < length && i < 40; ++i) line.bytes[i] = from[i] == '/' ? '|' : from[i];
    cut_version(line);
    step("send", line.bytes, before);
    if (length >= 2 && std::memcmp(from + length - 2, "<<", 2) == 0) return;
    before.size += length + 1;
    ++before.answers;
  }
}

bool is_file(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

extern "C" {

int mkostemp(char* path, int flags) {
  step("mkostemp", path);
  return real<int (*)(char*, int)>("mkostemp")(path, flags);
}

int mkstemp(char* path) {
  step("mkstemp", path);
  return real<int (*)(char*)>("mkstemp")(path);
}

// What they are called in a program that is built with _FILE_OFFSET_BITS=64.
int mkostemp64(char* path, int flags) {
  return mkostemp(path, flags);
}

int mkstemp64(char* path) {
  return mkstemp(path);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  if (fd > STDERR_FILENO && is_file(fd)) step_on("write", fd);
  return real<ssize_t (*)(int, const void*, size_t)>("write")(fd, bytes, size);
}

int fchmod(int fd, mode_t mode) {
  step_on("fchmod", fd);
  return real<int (*)(int, mode_t)>("fchmod")(fd, mode);
}

int fsync(int fd) {
  step_on("fsync", fd);
  return real<int (*)(int)>("fsync")(fd);
}

int rename(const char* from, const char* to) {
  step("rename", to);
  return real<int (*)(const char*, const char*)>("rename")(from, to);
}

int link(const char* from, const char* to) {
  step("link", to);
  return real<int (*)(const char*, const char*)>("link")(from, to);
}

int unlink(const char* path) {
  step("unlink", path);
  return real<int (*)(const char*)>("unlink")(path);
}

int connect(int fd, const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_UNIX)
    step("connect", reinterpret_cast<const sockaddr_un*>(address)->sun_path);
  return real<int (*)(int, const sockaddr*, socklen_t)>("connect")(fd, address, size);
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  step_on_commands(fd, static_cast<const char*>(bytes), size);
  return real<ssize_t (*)(int, const void*, size_t, int)>("send")(fd, bytes, size, flags);
}

int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, char* const argv[], char* const envp[]) {
  step("posix_spawn", path);
  started_program = true;
  return real<decltype(&posix_spawn)>("posix_spawn")(pid, path, actions, attributes, argv, envp);
}

int poll(pollfd* fds, nfds_t count, int timeout) {
  if (started_program) {
    started_program = false;
    step("poll", "the program that was started");
  }
  return real<int (*)(pollfd*, nfds_t, int)>("poll")(fds, count, timeout);
}

pid_t waitpid(pid_t pid, int* result, int options) {
  step("waitpid", "");
  return real<pid_t (*)(pid_t, int*, int)>("waitpid")(pid, result, options);
}

}  // extern "C"
