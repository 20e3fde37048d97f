#include "haproxy/reload_budget.hpp"

#include <algorithm>

namespace switchyard::haproxy {

reload_budget::time_point reload_budget::earliest() const {
  if (!last_) return not_before_;
  return std::max(not_before_, *last_ + settings_.min_interval);
}

void reload_budget::succeeded(time_point now) {
  last_ = now;
  not_before_ = {};
  backoff_.reset();
}

void reload_budget::failed(time_point now, std::uint32_t random) {
  last_ = now;
  not_before_ = now + backoff_.failed(now, random);
}

}  // namespace switchyard::haproxy
