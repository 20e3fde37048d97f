#pragma once

// When a child that ended is started again, and when that is hopeless.
//
// Pure. Threading: owned by the supervisor.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/backoff.hpp"

namespace switchyard::actors {

class restart_policy {
 public:
  /// `vital`: a child without which nothing works; after `most` failures in a row it is given up.
  /// The count starts over after 30 s without a failure.
  explicit restart_policy(bool vital, unsigned most = 6) : vital_(vital), most_(most) {}

  /// The wait before the next start; nothing when the child is given up.
  std::optional<std::chrono::milliseconds> ended(base::backoff::clock::time_point now,
                                                 std::uint32_t random) {
    const auto wait = backoff_.failed(now, random);
    ++restarts_;
    if (vital_ && backoff_.failures() > most_) return std::nullopt;
    return wait;
  }

  std::uint64_t restarts() const { return restarts_; }

 private:
  bool vital_;
  unsigned most_;
  std::uint64_t restarts_ = 0;
  base::backoff backoff_;
};

}  // namespace switchyard::actors
