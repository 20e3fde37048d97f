#pragma once

// How much of the process clients of the API may use. Plain values.

#include <chrono>
#include <cstddef>

namespace switchyard::api {

struct server_limits {
  std::size_t connections = 200;  ///< each has a thread; past it the one that waits longest goes
  std::size_t streams = 32;       ///< of them, long-lived answers
  std::size_t head_bytes = 32U << 10;
  std::size_t body_bytes = 1U << 20;
  std::size_t large_body_bytes = 64U << 10;  ///< what a body has past them needs one of the places
  std::size_t large_bodies = 16;             ///< so many, each until its request is answered
  unsigned rest = 9;  ///< times what making out a body took, until the next one is made out
  std::chrono::milliseconds idle{15'000};     ///< between two requests
  std::chrono::milliseconds request{10'000};  ///< for a whole request, from its first byte
  std::chrono::milliseconds answer{30'000};   ///< for the client to take an answer, or a piece
  unsigned requests = 1000;                   ///< of one connection
};

}  // namespace switchyard::api
