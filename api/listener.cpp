#include "api/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace switchyard::api {

namespace {

using base::errc;

constexpr int backlog = 128;
constexpr mode_t socket_mode = 0660;
constexpr std::string_view unix_prefix = "unix:";

std::optional<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  return address;
}

/// Whether somebody accepts connections on that socket.
bool answers(const sockaddr_un& address) {
  const base::unique_fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno == EAGAIN;
}

base::error failed(const std::string& where) {
  return {errc::io, where + ": " + std::strerror(errno)};
}

}  // namespace

std::optional<std::string> unix_path(std::string_view listen) {
  if (!listen.starts_with(unix_prefix)) return std::nullopt;
  return std::string(listen.substr(unix_prefix.size()));
}

bool in_the_way(const std::string& held, const std::string& wanted) {
  const auto held_path = unix_path(held), wanted_path = unix_path(wanted);
  std::error_code none;
  if (held_path && wanted_path) return std::filesystem::equivalent(*held_path, *wanted_path, none);
  const auto a = base::parse_address(held), b = base::parse_address(wanted);
  return a && b && a->port == b->port;  // one of them may be of every address
}

base::status listener::open(const std::string& listen) {
  if (const auto path = unix_path(listen)) return open_unix(*path);
  const auto address = base::parse_address(listen);
  if (!address) return address.error();
  return open_tcp(*address);
}

base::status listener::open_unix(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return base::error{errc::invalid, path + " is too long for a Unix socket"};
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode))
      return base::error{errc::conflict, path + " is there already and is no socket"};
    if (answers(*address))
      return base::error{errc::conflict, path + " is in use by another program"};
    ::unlink(path.c_str());
  }
  base::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Nobody can connect before listen(2): the mode is right by then.
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return failed(path);
  path_ = path;
  if (::lstat(path.c_str(), &bound_) != 0 || ::chmod(path.c_str(), socket_mode) != 0 ||
      ::listen(fd.get(), backlog) != 0) {
    const auto why = failed(path);
    close();
    return why;
  }
  fd_ = std::move(fd);
  return {};
}

base::status listener::open_tcp(const base::tcp_address& address) {
  auto fd = base::reserve(address);
  if (!fd) return fd.error();
  // Connections inherit it: without it, one that we close leaves the address taken for a minute,
  // and a restarted switchyard could not listen (TIME_WAIT).
  const int on = 1;
  ::setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int flags = ::fcntl(fd->get(), F_GETFL);
  if (::fcntl(fd->get(), F_SETFL, flags | O_NONBLOCK) != 0) return failed(base::to_string(address));
  if (::listen(fd->get(), backlog) != 0) {
    if (errno != EADDRINUSE) return failed(base::to_string(address));
    return base::error{errc::conflict, base::to_string(address) + " is in use by another program"};
  }
  fd_ = std::move(*fd);
  return {};
}

std::optional<base::unique_fd> listener::accept() {
  base::unique_fd client(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client) return std::nullopt;
  const int on = 1;  // fails on a Unix socket, which has no such delay
  ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return client;
}

// Of a socket that listens, tcpi_unacked is how many wait (Linux, tcp_get_info()).
bool listener::crowded() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_unacked > backlog / 2;
}

void listener::close() {
  // The number of our file is nobody else's while the socket is open.
  struct stat there {};
  if (!path_.empty() && ::lstat(path_.c_str(), &there) == 0 && there.st_dev == bound_.st_dev &&
      there.st_ino == bound_.st_ino)
    ::unlink(path_.c_str());
  fd_.reset();
  path_.clear();
}

}  // namespace switchyard::api
