#pragma once

// A name server on 127.0.0.1 (UDP) whose answers a test changes while it runs.

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
  /// How many questions there were for a name.
  std::size_t asked(const std::string& name) const;

 private:
  struct record {
    std::vector<std::string> addresses;
    std::uint32_t ttl = 0;
  };

  void serve();
  std::string answer(const std::string& question);

  base::unique_fd socket_;
  base::wakeup waker_;
  std::uint16_t port_ = 0;
  std::atomic<bool> silent_{false};
  mutable std::mutex mutex_;
  std::map<std::string, record> records_;  // guarded by mutex_, as is the next one
  std::map<std::string, std::size_t> asked_;
  std::thread thread_;
};

}  // namespace switchyard::tests
