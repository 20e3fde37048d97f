#pragma once

// Durations as they go out of the API and its metrics: seconds.

#include <chrono>

namespace switchyard::api {

inline double in_seconds(std::chrono::nanoseconds d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace switchyard::api
