#pragma once

// Notices that somebody sets the wall clock, which then no longer agrees with the steady one.
//
// Pure: both times come in as parameters. Threading: none.

#include <chrono>
#include <optional>
#include <utility>

namespace switchyard::base {

class clock_watch {
 public:
  using wall = std::chrono::system_clock;
  using steady = std::chrono::steady_clock;

  /// What the clock was set by since the call before, negative when it was set back. Zero for less
  /// than `least`: clocks are also slewed, and the two times are never of quite the same moment.
  wall::duration set_by(wall::time_point wall_now, steady::time_point steady_now) {
    const auto before = std::exchange(last_, std::pair(wall_now, steady_now));
    if (!before) return wall::duration::zero();
    const auto by = (wall_now - before->first) -
                    std::chrono::duration_cast<wall::duration>(steady_now - before->second);
    return by < least && by > -least ? wall::duration::zero() : by;
  }

 private:
  static constexpr std::chrono::seconds least{5};

  std::optional<std::pair<wall::time_point, steady::time_point>> last_;
};

}  // namespace switchyard::base
