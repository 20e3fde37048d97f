#pragma once

// A client that asks again and again on one kept connection.
//
// Threading: one thread.

#include <chrono>
#include <cstdint>

#include "base/fd.hpp"

namespace switchyard::tests::bench {

class polling_client {
 public:
  using clock = std::chrono::steady_clock;

  /// `gap`: the pause between an answer that is not 200 and the next request.
  polling_client(std::uint16_t port, std::chrono::microseconds gap) : port_(port), gap_(gap) {}

  /// Asks until the status is this one and returns the moment of that answer. Throws
  /// std::runtime_error after 10 s.
  clock::time_point wait_for(int status);

 private:
  int request();
  void connect();

  std::uint16_t port_;
  std::chrono::microseconds gap_;
  base::unique_fd fd_;
};

}  // namespace switchyard::tests::bench
