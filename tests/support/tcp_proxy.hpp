#pragma once

// Between a client and a server, both on 127.0.0.1: passes on what they say, and breaks as a test
// tells it to.
//
// Threading: a thread of its own passes on; every function may be called from any thread.

#include <poll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

class tcp_proxy {
 public:
  enum class speaker { client, server };
  enum class fault {
    cut,   ///< both ends of the connection are closed
    stall  ///< they stay open, and nothing is passed on any more, either way
  };
  /// What the server says on one connection, before it is passed on: takes off the front of `held`
  /// what it has judged, and returns what the client is to get of it.
  using filter = std::function<std::string(std::string& held)>;

  explicit tcp_proxy(std::uint16_t target, filter judge = {});
  ~tcp_proxy();
  tcp_proxy(const tcp_proxy&) = delete;
  tcp_proxy& operator=(const tcp_proxy&) = delete;

  std::uint16_t port() const { return port_; }

  /// Counts from now on what that side says, over all connections. `bytes` of it are passed on; the
  /// fault then strikes the connection that the last of them was said on, once. With 0 it strikes
  /// at the first byte, which is not passed on. Connections that stall since an earlier fault end.
  void break_after(speaker who, std::size_t bytes, fault what);
  /// Whether it has struck.
  bool struck() const;
  /// The same fault for all connections of now; later ones are served.
  void break_all(fault what);
  /// From now on the server's bytes go out one by one, with this pause between them; zero: at once.
  void drip(std::chrono::milliseconds pause);

  /// How many bytes that side has said, since break_after() or the start.
  std::size_t said(speaker who) const;
  /// All that clients have said since the start.
  std::string heard() const;
  /// Connections that are open on both sides.
  std::size_t open() const;

 private:
  using clock = std::chrono::steady_clock;

  struct pair {
    base::unique_fd client;
    base::unique_fd server;
    std::string held;       // of the server's words, until the filter has judged them
    std::string to_server;  // not sent yet
    std::string to_client;
    clock::time_point next_byte{};
    bool ended = false;  // closed once what is left has been sent
    bool stalled = false;
  };

  void serve();
  bool turn();
  static pollfd watched(const pair& p, const base::unique_fd& end, const std::string& from_it,
                        bool to_send);
  void accept_one();
  void take(pair& p, speaker who);
  std::size_t count(pair& p, speaker who, std::size_t bytes);
  void strike(pair& p, fault what) const;
  void pass(pair& p);
  std::chrono::milliseconds longest_wait() const;

  const std::uint16_t target_;
  const std::uint16_t port_;
  const filter judge_;
  base::unique_fd listener_;
  base::wakeup wake_;

  mutable std::mutex mutex_;  // guards all below
  bool stopping_ = false;
  std::vector<pair> pairs_;
  std::array<std::size_t, 2> said_{};
  std::string heard_;
  bool armed_ = false;
  bool struck_ = false;
  speaker breaks_ = speaker::server;
  std::size_t after_ = 0;
  fault what_ = fault::cut;
  std::chrono::milliseconds pause_{0};
  std::thread thread_;
};

}  // namespace switchyard::tests
