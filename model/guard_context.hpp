#pragma once

// Inside of the guard: a report that is screened, and what has been found out about it.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "model/guard.hpp"

namespace switchyard::model {

struct guard::context {
  const std::string& provider;
  const desired_state& desired;
  const report& reported;
  wall_time now;
  const name_book& names;
  losses found;
  std::set<std::uint64_t> began;
  std::vector<hold> ended;

  /// Whether the report says which servers that backend has now.
  bool tells_of(const std::string& backend) const {
    return (reported.full || reported.backends.contains(backend)) &&
           !found.unknown.contains(backend);
  }

  /// Whether nothing is left of that backend, which loses servers, or no more than its name.
  bool leaves_nothing_of(const std::string& backend) const {
    const auto& next = found.backends.at(backend).next;
    return !next ||
           (next->servers.empty() && reported.backends.at(backend).refused_servers.empty());
  }

  /// Whether it says if there is a route.
  bool tells_of(const place& at) const {
    if (!reported.routes) return false;
    if (!reported.gone_routes || !reported.keeps(at) || reported.refused_routes.contains(at))
      return true;
    return std::ranges::any_of(*reported.routes,
                               [&](const route& r) { return place(r.host, r.path) == at; });
  }
};

/// Takes what is in `what` out of `from`.
template <class T>
void take_away(std::set<T>& from, const std::set<T>& what) {
  for (const auto& one : what) from.erase(one);
}

}  // namespace switchyard::model
