#include "haproxy/save_schedule.hpp"

#include <algorithm>

namespace switchyard::haproxy {

void save_schedule::changed(time_point now) {
  if (!due_) due_ = now + std::clamp(10 * took_, delay, longest_delay);
}

bool save_schedule::due(time_point now) const {
  const auto when = next();
  return when && *when <= now;
}

std::optional<save_schedule::time_point> save_schedule::next() const {
  if (!due_ || !again_) return due_ ? due_ : again_;
  return std::min(*due_, *again_);
}

void save_schedule::ended(time_point now, std::chrono::milliseconds took, bool left_out) {
  took_ = took;
  again_.reset();
  if (left_out && !due_) again_ = now + again_after;
}

}  // namespace switchyard::haproxy
