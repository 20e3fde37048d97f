#include "providers/redis/stream.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/connecting.hpp"
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
  auto ready = base::await_ready(fd, events, interrupt, until);
  if (ready || ready.error().kind == errc::unavailable) return ready;
  if (ready.error().kind == errc::io) return lost(ready.error().message);
  return error{errc::timeout, "Redis did not answer in time"};
}

base::outcome<unique_fd> connect_unix(const std::string& path, const base::wakeup* interrupt,
                                      const base::deadline& until) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return error{errc::invalid, "the path of a Unix socket has at most 107 bytes: " + path};
  path.copy(address.sun_path, path.size());
  return base::connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address, interrupt,
                          until);
}

base::outcome<unique_fd> connect_tcp(const endpoint& to, const base::wakeup* interrupt,
                                     const base::deadline& until) {
  const auto addresses = base::await_look_up(
      [host = to.host, port = to.port] { return base::look_up(host, port); }, interrupt, until);
  if (!addresses) return addresses.error();
  return base::connect_any(*addresses, interrupt, until);
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

base::outcome<std::string_view> stream::received() {
  if (tls_) {
    const auto got = tls_->read(buffer_.data(), buffer_.size());
    if (!got) return got.error();
    return std::string_view(buffer_.data(), *got);
  }
  for (;;) {
    const auto n = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    if (n == 0) return lost("closed by the other side");
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return lost(std::strerror(errno));
    return std::string_view(buffer_.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  }
}

base::outcome<std::string_view> stream::receive(const base::deadline& until) {
  for (;;) {
    auto bytes = received();
    if (!bytes || !bytes->empty()) return bytes;
    const short events = tls_ && tls_->wanted() == tls_layer::wants::output ? POLLOUT : POLLIN;
    if (auto ready = wait(fd_.get(), events, interrupt_, until); !ready) return ready.error();
  }
}

}  // namespace switchyard::providers::redis
