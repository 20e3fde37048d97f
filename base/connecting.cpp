#include "base/connecting.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace switchyard::base {

namespace {

struct free_addresses {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

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

/// What a look-up that may have been left and whoever waits for it share.
struct pending_look_up {
  wakeup ended;
  std::mutex mutex;
  std::optional<outcome<socket_addresses>> result;  // guarded by mutex
};

}  // namespace

outcome<socket_addresses> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) return error{errc::unavailable, ::gai_strerror(failed)};
  const std::unique_ptr<addrinfo, free_addresses> list(found);
  socket_addresses all;
  for (const auto* one = list.get(); one != nullptr; one = one->ai_next) {
    all.push_back({{}, one->ai_addrlen});
    std::memcpy(&all.back().value, one->ai_addr, one->ai_addrlen);
  }
  return all;
}

outcome<socket_addresses> await_look_up(std::function<outcome<socket_addresses>()> look_up,
                                        const wakeup* interrupt, const deadline& until) {
  std::shared_ptr<pending_look_up> mine;
  try {
    mine = std::make_shared<pending_look_up>();
    std::thread([mine, work = std::move(look_up)] {
      auto result = work();
      const std::lock_guard lock(mine->mutex);
      mine->result = std::move(result);
      mine->ended.notify();
    }).detach();
  } catch (const std::system_error& failed) {
    return error{errc::io, failed.what()};
  }
  const auto ended = await_ready(mine->ended.fd(), POLLIN, interrupt, until);
  if (!ended && ended.error().kind == errc::timeout)
    return error{errc::timeout, "the host name was not resolved in time"};
  if (!ended) return ended.error();
  const std::lock_guard lock(mine->mutex);
  return *std::move(mine->result);
}

status await_ready(int fd, short events, const wakeup* interrupt, const deadline& until) {
  for (;;) {
    std::array<pollfd, 2> fds{
        {{interrupt != nullptr ? interrupt->fd() : -1, POLLIN, 0}, {fd, events, 0}}};
    const auto left = std::min<std::int64_t>(until.left().count(), INT_MAX);
    const int n = ::poll(fds.data(), fds.size(), static_cast<int>(left));
    if (n == 0) return error{errc::timeout, "no answer in time"};
    if (n > 0 && fds[0].revents != 0) return error{errc::unavailable, "stopped"};
    if (n > 0) return {};
    if (errno != EINTR) return error{errc::io, std::strerror(errno)};
  }
}

outcome<unique_fd> connect_any(const socket_addresses& to, const wakeup* interrupt,
                               const deadline& until) {
  error last{errc::unavailable, "has no address"};
  for (std::size_t i = 0; i < to.size(); ++i) {
    const deadline share(until.left() / static_cast<int>(to.size() - i));
    auto fd =
        connect_to(reinterpret_cast<const sockaddr*>(&to[i].value), to[i].length, interrupt, share);
    if (fd) return fd;
    last = fd.error();
  }
  return last;
}

outcome<unique_fd> connect_to(const sockaddr* address, socklen_t length, const wakeup* interrupt,
                              const deadline& until) {
  const auto failed = [](int code) { return error{errc::unavailable, std::strerror(code)}; };
  unique_fd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failed(errno);
  if (address->sa_family != AF_UNIX) keep_alive(fd.get());
  if (::connect(fd.get(), address, length) == 0) return fd;
  // A Unix socket whose queue is full says EAGAIN, and no poll tells of room in it.
  if (errno != EINPROGRESS) return failed(errno);
  const auto ready = await_ready(fd.get(), POLLOUT, interrupt, until);
  if (!ready) return ready.error();
  int cause = 0;
  socklen_t size = sizeof cause;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &cause, &size);
  if (cause != 0) return failed(cause);
  return fd;
}

}  // namespace switchyard::base
