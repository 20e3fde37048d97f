#pragma once

// A client that takes what it gets for all there is: what providers would be without their
// defences.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace switchyard::tests {

class bare_client {
 public:
  /// Connects to a port of 127.0.0.1; throws std::system_error when nobody listens.
  explicit bare_client(std::uint16_t port);

  void say(std::string_view text) const;
  /// What came until the connection ended, or until the text had `last` in it; throws
  /// std::runtime_error after 10 s.
  std::string hear(std::string_view last = "");
  /// From now on hear() gives what comes later.
  void forget() { text_.clear(); }

 private:
  base::unique_fd fd_;
  std::string text_;
};

}  // namespace switchyard::tests
