#pragma once

// Between a client and PostgreSQL: passes everything on except notifications, as a pooler in
// transaction mode does. Plain TCP on 127.0.0.1.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

class muting_proxy {
 public:
  explicit muting_proxy(std::uint16_t target) : target_(target), port_(free_port()) {
    listener_ = base::unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto address = at(port_);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 16) != 0)
      throw std::runtime_error("muting_proxy: cannot listen");
    thread_ = std::thread([this] { serve(); });
  }
  ~muting_proxy() {
    stop_.notify();
    thread_.join();
  }
  muting_proxy(const muting_proxy&) = delete;
  muting_proxy& operator=(const muting_proxy&) = delete;

  std::uint16_t port() const { return port_; }
  void unmute() { muted_.store(false); }
  /// All that clients have sent.
  std::string sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }

 private:
  struct pair {
    base::unique_fd client;
    base::unique_fd server;
    std::string held;  // of the server's stream, up to a whole message
    bool open = true;
  };

  static sockaddr_in at(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void serve() {
    std::vector<pair> pairs;
    for (;;) {
      std::vector<pollfd> fds{{stop_.fd(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      for (const auto& p : pairs) {
        fds.push_back({p.client.get(), POLLIN, 0});
        fds.push_back({p.server.get(), POLLIN, 0});
      }
      if (::poll(fds.data(), fds.size(), -1) < 0) continue;
      if (fds[0].revents != 0) return;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (fds[2 + 2 * i].revents != 0) pass_up(pairs[i]);
        if (fds[3 + 2 * i].revents != 0) pass_down(pairs[i]);
      }
      std::erase_if(pairs, [](const pair& p) { return !p.open; });
      if (fds[1].revents != 0) accept_one(pairs);
    }
  }

  void accept_one(std::vector<pair>& pairs) const {
    pair p;
    p.client = base::unique_fd(::accept(listener_.get(), nullptr, nullptr));
    p.server = base::unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = at(target_);
    if (::connect(p.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      pairs.push_back(std::move(p));
  }

  static std::string receive(pair& p, int fd) {
    std::array<char, 65536> buffer{};
    const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) p.open = false;
    return {buffer.data(), static_cast<std::size_t>(n > 0 ? n : 0)};
  }

  void pass_up(pair& p) {
    const auto bytes = receive(p, p.client.get());
    ::send(p.server.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    const std::lock_guard lock(mutex_);
    sent_ += bytes;
  }

  /// Messages of the server: a letter and a length that counts itself (manual, "Message Formats").
  void pass_down(pair& p) const {
    p.held += receive(p, p.server.get());
    while (p.held.size() >= 5) {
      std::size_t length = 1;
      std::size_t number = 0;
      for (std::size_t i = 1; i < 5; ++i)
        number = number * 256 + static_cast<unsigned char>(p.held[i]);
      length += number;
      if (p.held.size() < length) return;
      if (p.held[0] != 'A' || !muted_.load())
        ::send(p.client.get(), p.held.data(), length, MSG_NOSIGNAL);
      p.held.erase(0, length);
    }
  }

  const std::uint16_t target_;
  const std::uint16_t port_;
  std::atomic<bool> muted_{true};
  mutable std::mutex mutex_;
  std::string sent_;
  base::unique_fd listener_;
  base::wakeup stop_;
  std::thread thread_;
};

}  // namespace switchyard::tests
