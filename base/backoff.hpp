#pragma once

// How long to wait before the next try of something that failed.
//
// Pure: time and randomness come in as parameters. Threading: a value, not shared.

#include <chrono>
#include <cstdint>

namespace switchyard::base {

/// Exponential backoff with jitter, and a reset after a healthy spell.
class backoff {
 public:
  using clock = std::chrono::steady_clock;
  using duration = std::chrono::milliseconds;

  struct limits {
    duration first{100};             ///< nominal wait after the first failure
    duration longest{10'000};        ///< the nominal wait grows no further
    duration healthy_after{30'000};  ///< success this long after a failure starts over
  };

  backoff() : backoff(limits{}) {}
  explicit backoff(limits l) : limits_(l) {}

  /// Notes a failure at `now` and returns the wait before the next try: between half of the
  /// nominal wait and all of it, chosen by `random` (any value; uniform over its range).
  duration failed(clock::time_point now, std::uint32_t random);

  /// Forgets all failures.
  void reset() { failures_ = 0; }

  /// Failures in a row, as counted by failed().
  unsigned failures() const { return failures_; }

 private:
  limits limits_;
  unsigned failures_ = 0;
  clock::time_point last_failure_{};
  duration last_wait_{0};
};

}  // namespace switchyard::base
