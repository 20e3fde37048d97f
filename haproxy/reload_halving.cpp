#include "haproxy/reload_halving.hpp"

#include <iterator>
#include <utility>

namespace switchyard::haproxy {

reload_halving::names reload_halving::next(const names& waiting) const {
  if (most_ == 0 || waiting.size() <= most_) return waiting;
  return {waiting.begin(), std::next(waiting.begin(), static_cast<std::ptrdiff_t>(most_))};
}

reload_halving::finding reload_halving::refused(const names& with) {
  if (with.empty()) return {};
  if (with.size() > 1) {
    most_ = with.size() / 2;
    return {{}, !found_one_};
  }
  most_ = 0;
  const bool first = !std::exchange(found_one_, true);
  return {*with.begin(), first};
}

void reload_halving::succeeded() {
  most_ *= 2;
  found_one_ = false;
}

}  // namespace switchyard::haproxy
