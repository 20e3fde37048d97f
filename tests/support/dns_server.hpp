#pragma once

// A name server on 127.0.0.1 (UDP and TCP) whose answers a test changes while it runs. It closes a
// TCP connection after one answer.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"

namespace switchyard::tests {

class dns_server {
 public:
  dns_server();
  ~dns_server();
  dns_server(const dns_server&) = delete;
  dns_server& operator=(const dns_server&) = delete;

  /// "127.0.0.1:PORT".
  std::string address() const;

  /// The addresses of a name, IPv4 and IPv6 literals, in the order of the answer. None: it exists
  /// and has none. Names that were never set do not exist.
  void set(const std::string& name, std::vector<std::string> addresses, std::uint32_t ttl = 0);
  void remove(const std::string& name);
  /// Whether questions stay without an answer.
  void be_silent(bool yes) { silent_ = yes; }
  /// Over UDP an answer has at most so many addresses; `told`: it says that it was cut.
  void cut_over_udp(std::size_t most, bool told);
  /// How many questions there were for a name, over TCP only or in all.
  std::size_t asked(const std::string& name) const;
  std::size_t asked_over_tcp() const { return over_tcp_; }

 private:
  struct record {
    std::vector<std::string> addresses;
    std::uint32_t ttl = 0;
  };

  void bind_both();
  void serve();
  void serve_datagram();
  void serve_connection();
  std::string answer(const std::string& question, std::size_t most, bool told);

  base::unique_fd socket_;
  base::unique_fd listener_;
  base::wakeup waker_;
  std::uint16_t port_ = 0;
  std::atomic<bool> silent_{false};
  std::atomic<std::size_t> over_tcp_{0};
  mutable std::mutex mutex_;
  std::map<std::string, record> records_;  // guarded by mutex_, as are the next ones
  std::map<std::string, std::size_t> asked_;
  std::size_t most_over_udp_ = SIZE_MAX;
  bool cut_is_told_ = false;
  std::thread thread_;
};

}  // namespace switchyard::tests
