#include "haproxy/reload_halving.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace switchyard::haproxy {

reload_halving::names reload_halving::next(const names& waiting) const {
  if (std::ranges::any_of(suspects_, [&](const auto& name) { return waiting.contains(name); }))
    return {};
  if (most_ == 0 || waiting.size() <= most_) return waiting;
  return {waiting.begin(), std::next(waiting.begin(), static_cast<std::ptrdiff_t>(most_))};
}

reload_halving::finding reload_halving::refused(const names& with, bool guilty_before) {
  if (with.empty()) {
    *this = {};
    return {};
  }
  if (!rest_taken_ && !guilty_before) {
    suspects_ = with;
    return {{}, !found_one_};
  }
  if (with.size() > 1) {
    most_ = with.size() / 2;
    return {{}, !found_one_};
  }
  most_ = 0;
  const bool first = !std::exchange(found_one_, true);
  rest_taken_ = first;  // the wait that follows another one may change what is taken
  return {*with.begin(), first};
}

void reload_halving::succeeded() {
  if (!suspects_.empty()) {
    most_ = std::max<std::size_t>(suspects_.size() / 2, 1);
    suspects_.clear();
    rest_taken_ = true;
    return;
  }
  most_ *= 2;
  found_one_ = false;
}

}  // namespace switchyard::haproxy
