#include "providers/redis/stream.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "providers/redis/tls_layer.hpp"

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;
using base::unique_fd;

error lost(const std::string& why) {
  return {errc::unavailable, "the connection to Redis is lost: " + why};
}

/// Waits until the socket is ready for `events`.
base::status wait(int fd, short events, const base::wakeup* interrupt,
                  const base::deadline& until) {
  for (;;) {
    std::array<pollfd, 2> fds{
        {{interrupt != nullptr ? interrupt->fd() : -1, POLLIN, 0}, {fd, events, 0}}};
    const int n = ::poll(fds.data(), fds.size(), static_cast<int>(until.left().count()));
    if (n == 0) return error{errc::timeout, "Redis did not answer in time"};
    if (n > 0 && fds[0].revents != 0) return error{errc::unavailable, "stopped"};
    if (n > 0) return {};
    if (errno != EINTR) return lost(std::strerror(errno));
  }
}

void keep_alive(int fd) {
  const int on = 1;
  const int idle = 10;
  const int interval = 5;
  const int count = 3;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

base::outcome<unique_fd> connect_to(const sockaddr* address, socklen_t length, int family,
                                    const base::wakeup* interrupt, const base::deadline& until) {
  unique_fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return lost(std::strerror(errno));
  if (family != AF_UNIX) keep_alive(fd.get());
  if (::connect(fd.get(), address, length) == 0) return fd;
  // A Unix socket whose queue is full says EAGAIN, and no poll tells of room in it.
  if (errno != EINPROGRESS) return error{errc::unavailable, std::strerror(errno)};
  if (const auto ready = wait(fd.get(), POLLOUT, interrupt, until); !ready) return ready.error();
  int cause = 0;
  socklen_t size = sizeof cause;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &cause, &size);
  if (cause != 0) return error{errc::unavailable, std::strerror(cause)};
  return fd;
}

base::outcome<unique_fd> connect_unix(const std::string& path, const base::wakeup* interrupt,
                                      const base::deadline& until) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return error{errc::invalid, "the path of a Unix socket has at most 107 bytes: " + path};
  path.copy(address.sun_path, path.size());
  return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address, AF_UNIX, interrupt,
                    until);
}

struct free_addresses {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

base::outcome<unique_fd> connect_tcp(const endpoint& to, const base::wakeup* interrupt,
                                     const base::deadline& until) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found);
  if (failed != 0) return error{errc::unavailable, ::gai_strerror(failed)};
  const std::unique_ptr<addrinfo, free_addresses> list(found);
  error last{errc::unavailable, "has no address"};
  for (const auto* one = list.get(); one != nullptr; one = one->ai_next) {
    auto fd = connect_to(one->ai_addr, one->ai_addrlen, one->ai_family, interrupt, until);
    if (fd) return fd;
    last = fd.error();
  }
  return last;
}

}  // namespace

stream::stream(unique_fd fd, const base::wakeup* interrupt)
    : fd_(std::move(fd)), interrupt_(interrupt) {}

stream::~stream() = default;

base::outcome<std::unique_ptr<stream>> stream::open(const endpoint& to, const tls_files& files,
                                                    const base::wakeup* interrupt,
                                                    const base::deadline& until) {
  auto fd =
      to.path.empty() ? connect_tcp(to, interrupt, until) : connect_unix(to.path, interrupt, until);
  if (!fd) return error{fd.error().kind, "Redis at " + to_string(to) + ": " + fd.error().message};
  std::unique_ptr<stream> opened(new stream(std::move(*fd), interrupt));
  if (!to.tls) return opened;
  auto layer = tls_layer::make(opened->socket(), to.host, files);
  if (!layer) return layer.error();
  opened->tls_ = std::move(*layer);
  for (;;) {
    const auto step = opened->tls_->handshake();
    if (!step)
      return error{step.error().kind, "Redis at " + to_string(to) + ": " + step.error().message};
    if (*step == tls_layer::wants::nothing) return opened;
    const short events = *step == tls_layer::wants::input ? POLLIN : POLLOUT;
    if (const auto ready = wait(opened->socket(), events, interrupt, until); !ready)
      return ready.error();
  }
}

base::status stream::send(std::string_view bytes, const base::deadline& until) {
  while (!bytes.empty()) {
    if (tls_) {
      const auto sent = tls_->write(bytes);
      if (!sent) return sent.error();
      bytes.remove_prefix(*sent);
      if (*sent > 0) continue;
    } else {
      const auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
      if (n > 0 || (n < 0 && errno == EINTR)) continue;
      if (n < 0 && errno != EAGAIN) return lost(std::strerror(errno));
    }
    const short events = tls_ && tls_->wanted() == tls_layer::wants::input ? POLLIN : POLLOUT;
    if (auto ready = wait(fd_.get(), events, interrupt_, until); !ready) return ready;
  }
  return {};
}

base::outcome<std::string> stream::received(std::size_t most) {
  std::string bytes(most, '\0');
  if (tls_) {
    const auto got = tls_->read(bytes);
    if (!got) return got.error();
    bytes.resize(*got);
    return bytes;
  }
  for (;;) {
    const auto n = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (n == 0) return lost("closed by the other side");
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return lost(std::strerror(errno));
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }
}

base::outcome<std::string> stream::receive(std::size_t most, const base::deadline& until) {
  for (;;) {
    auto bytes = received(most);
    if (!bytes || !bytes->empty()) return bytes;
    const short events = tls_ && tls_->wanted() == tls_layer::wants::output ? POLLOUT : POLLIN;
    if (auto ready = wait(fd_.get(), events, interrupt_, until); !ready) return ready.error();
  }
}

}  // namespace switchyard::providers::redis
