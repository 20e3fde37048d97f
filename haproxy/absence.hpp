#pragma once

// An HAProxy that is away: since when, and when to look for it again.
//
// Pure: time comes in as a parameter. Threading: one thread.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/backoff.hpp"

namespace switchyard::haproxy {

class absence {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Nobody could be reached. A look that is due comes when it is, however often others fail
  /// meanwhile.
  void missed(time_point now, std::uint32_t random) {
    if (!retry_at_ || *retry_at_ <= now) retry_at_ = now + backoff_.failed(now, random);
    if (!since_) since_ = now;
  }
  /// It answers. The looks keep their distance until settled(): what answers may end every
  /// conversation in the middle.
  void over() {
    retry_at_.reset();
    since_.reset();
  }
  /// A whole pass has succeeded.
  void settled() { backoff_.reset(); }

  std::optional<time_point> next_look() const { return retry_at_; }
  /// For how long nobody has been there; 0 when somebody is.
  std::chrono::steady_clock::duration lasted(time_point now) const {
    return since_ ? now - *since_ : std::chrono::steady_clock::duration(0);
  }

 private:
  // It is back within a moment when it was restarted.
  base::backoff backoff_{{std::chrono::milliseconds(20), std::chrono::milliseconds(1000),
                          std::chrono::milliseconds(10'000)}};
  std::optional<time_point> retry_at_;
  std::optional<time_point> since_;
};

}  // namespace switchyard::haproxy
