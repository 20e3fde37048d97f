#pragma once

// When the configuration file is written where no reload asks for it.
//
// Pure: time comes in as a parameter. Threading: one thread.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/backoff.hpp"

namespace switchyard::haproxy {

class save_schedule {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Changes reach the file this long after the first of them; up to `longest_delay` where writing
  /// takes long.
  static constexpr std::chrono::milliseconds delay{250};
  static constexpr std::chrono::milliseconds longest_delay{3000};
  /// What had to be left out without a reload in sight is tried again after this.
  static constexpr std::chrono::seconds again_after{30};

  /// Something has changed.
  void changed(time_point now);
  /// Whether a change waits to be written.
  bool waits() const { return due_.has_value(); }
  /// Whether it is time to write.
  bool due(time_point now) const;
  /// When it will be; nothing when nothing waits.
  std::optional<time_point> next() const;

  /// Everything that waited is written, or taken up otherwise.
  void done() { due_.reset(); }
  /// It could not be written: again, with growing waits.
  void failed(time_point now, std::uint32_t random) { due_ = now + backoff_.failed(now, random); }
  void succeeded() { backoff_.reset(); }
  /// A save has come to its end. `left_out`: not all that could be written was.
  void ended(time_point now, std::chrono::milliseconds took, bool left_out);

 private:
  std::optional<time_point> due_;
  std::optional<time_point> again_;
  std::chrono::milliseconds took_{0};
  base::backoff backoff_{
      {std::chrono::seconds(1), std::chrono::seconds(30), std::chrono::seconds(60)}};
};

}  // namespace switchyard::haproxy
