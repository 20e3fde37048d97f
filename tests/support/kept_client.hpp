#pragma once

// A client that sends its requests over one connection, one after the other, as browsers do.

#include <chrono>
#include <cstdint>

#include "base/fd.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

class kept_client {
 public:
  /// Connects to a port of 127.0.0.1; throws std::runtime_error when nobody takes it.
  explicit kept_client(std::uint16_t port);

  /// One GET. Status 0 once the connection has ended.
  http_answer get(std::chrono::milliseconds longest = std::chrono::seconds(5));

 private:
  base::unique_fd fd_;
};

}  // namespace switchyard::tests
