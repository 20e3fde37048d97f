#include "haproxy/turns.hpp"

#include <algorithm>
#include <numeric>

namespace switchyard::haproxy {

namespace {

/// One without servers is asked for as well.
std::size_t cost(const actual_backend& backend) {
  return std::max<std::size_t>(1, backend.servers.size());
}

}  // namespace

std::optional<std::set<std::string>> turns::next(
    const std::map<std::string, actual_backend>& actual) {
  const auto servers =
      std::accumulate(actual.begin(), actual.end(), std::size_t{0},
                      [](std::size_t sum, const auto& b) { return sum + cost(b.second); });
  if (servers <= servers_) {
    after_.clear();
    first_ = true;
    return std::nullopt;
  }
  auto at = after_.empty() ? actual.begin() : actual.upper_bound(after_);
  if (at == actual.end()) at = actual.begin();
  first_ = at == actual.begin();
  std::set<std::string> part;
  for (std::size_t taken = 0; at != actual.end(); ++at) {
    taken += cost(at->second);
    if (taken > servers_ && !part.empty()) break;
    if (part.size() == backends_) break;
    part.insert(part.end(), at->first);
    after_ = at->first;
  }
  return part;
}

}  // namespace switchyard::haproxy
