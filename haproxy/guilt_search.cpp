#include "haproxy/guilt_search.hpp"

#include <cstddef>
#include <iterator>

namespace switchyard::haproxy {

void guilt_search::among(const names& which, const check& takes,
                         const std::function<bool()>& in_time) {
  const bool learnt = !good.empty() || !guilty.empty();
  if (ended_ || (learnt && !in_time())) return;
  const auto verdict = takes(which);
  if (verdict) {
    good.insert(which.begin(), which.end());
  } else if (verdict.error().kind != base::errc::refused) {
    ended_ = true;
  } else if (which.size() == 1) {
    guilty.emplace(*which.begin(), verdict.error().message);
  } else {
    const auto middle = std::next(which.begin(), static_cast<std::ptrdiff_t>(which.size() / 2));
    among({which.begin(), middle}, takes, in_time);
    among({middle, which.end()}, takes, in_time);
  }
}

}  // namespace switchyard::haproxy
