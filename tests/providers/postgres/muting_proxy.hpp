#pragma once

// Between a client and PostgreSQL: passes everything on except notifications, as a pooler in
// transaction mode does.

#include <atomic>
#include <cstdint>
#include <string>

#include "tests/support/tcp_proxy.hpp"

namespace switchyard::tests {

class muting_proxy {
 public:
  explicit muting_proxy(std::uint16_t target)
      : proxy_(target, [this](std::string& held) { return judged(held); }) {}

  std::uint16_t port() const { return proxy_.port(); }
  void unmute() { muted_.store(false); }
  /// All that clients have sent.
  std::string sent() const { return proxy_.heard(); }

 private:
  /// Messages of the server: a letter and a length that counts itself (manual, "Message Formats").
  std::string judged(std::string& held) const {
    std::string passed;
    while (held.size() >= 5) {
      std::size_t number = 0;
      for (std::size_t i = 1; i < 5; ++i)
        number = number * 256 + static_cast<unsigned char>(held[i]);
      const auto length = number + 1;
      if (held.size() < length) break;
      if (held[0] != 'A' || !muted_.load()) passed += held.substr(0, length);
      held.erase(0, length);
    }
    return passed;
  }

  std::atomic<bool> muted_{true};
  tcp_proxy proxy_;
};

}  // namespace switchyard::tests
