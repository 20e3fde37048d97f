#include "haproxy/unix_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace switchyard::haproxy {

namespace {

constexpr std::size_t answer_limit = 64U << 20;

base::error unavailable(const std::string& path, const std::string& cause) {
  return {base::errc::unavailable, "socket " + path + ": " + cause};
}

base::error connect_error(const std::string& path, int cause) {
  struct stat file {};
  switch (cause) {
    case ENOENT:
      return unavailable(path, "does not exist");
    case EACCES:
    case EPERM:
      return unavailable(path, "not permitted for this user");
    case ECONNREFUSED:
      // A regular file is refused in the same way as a socket without a listener.
      if (::stat(path.c_str(), &file) == 0 && !S_ISSOCK(file.st_mode))
        return unavailable(path, "is not a socket");
      return unavailable(path, "nobody listens");
    default:
      return unavailable(path, std::strerror(cause));
  }
}

/// `cause`: the errno that connect(2) ended with.
base::outcome<base::unique_fd> connect_to(const std::string& path, const base::deadline& until,
                                          int& cause) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return unavailable(path, "the path is empty");
  if (path.size() >= sizeof address.sun_path)
    return unavailable(path, "the path is longer than the " +
                                 std::to_string(sizeof address.sun_path - 1) +
                                 " bytes that a Unix socket may have");
  path.copy(address.sun_path, path.size());

  base::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return base::error{base::errc::io, std::string("socket: ") + std::strerror(errno)};
  for (;;) {
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return fd;
    if (errno == EINTR) continue;
    cause = errno;
    if (cause != EAGAIN) return connect_error(path, cause);
    // The listener's queue is full, and a Unix socket offers nothing to wait for (connect(2)).
    if (until.passed())
      return base::error{base::errc::timeout, "socket " + path + ": does not accept connections"};
    ::poll(nullptr, 0, 2);
  }
}

base::error peer_error(int cause) {
  return {base::errc::unavailable,
          std::string("HAProxy broke the conversation: ") + std::strerror(cause)};
}

}  // namespace

base::outcome<base::unique_fd> connect_unix(const std::string& path, const base::deadline& until) {
  int ignored = 0;
  return connect_to(path, until, ignored);
}

std::optional<base::error> nobody_listens(const std::string& path, const base::deadline& until) {
  int cause = 0;
  const auto listener = connect_to(path, until, cause);
  if (listener || (cause != ENOENT && cause != ECONNREFUSED)) return std::nullopt;
  return listener.error();
}

base::status send_all(int fd, std::string_view bytes, const base::deadline& until) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return peer_error(errno);
    const auto ready = base::wait_writable(fd, until);
    if (!ready) return ready.error();
    if (!*ready) return base::error{base::errc::timeout, "HAProxy takes no commands"};
  }
  return {};
}

base::outcome<bool> receive_some(int fd, std::string& into, const base::deadline& until,
                                 std::size_t most) {
  std::array<char, 65536> buffer;
  for (;;) {
    const auto n = ::recv(fd, buffer.data(), std::min(most, buffer.size()), MSG_DONTWAIT);
    if (n > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(n));
      return true;
    }
    if (n == 0) return false;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return peer_error(errno);
    const auto ready = base::wait_readable(fd, until);
    if (!ready) return ready.error();
    if (!*ready) return base::error{base::errc::timeout, "HAProxy did not answer in time"};
  }
}

base::outcome<std::string> ask(const std::string& path, std::string_view line,
                               std::chrono::milliseconds longest) {
  const base::deadline until(longest);
  const auto fd = connect_unix(path, until);
  if (!fd) return fd.error();
  if (const auto sent = send_all(fd->get(), std::string(line) + "\n", until); !sent)
    return sent.error();
  ::shutdown(fd->get(), SHUT_WR);
  std::string answer;
  for (;;) {
    const auto more = receive_some(fd->get(), answer, until);
    if (!more) return more.error();
    if (!*more) return answer;
    if (answer.size() > answer_limit)
      return base::error{base::errc::protocol, "socket " + path + ": the answer is too long"};
  }
}

}  // namespace switchyard::haproxy
