#include "model/object_quota.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::model {

std::size_t objects_in(const backend_event& event, std::size_t before) {
  if (!event.value) return 0;
  if (event.servers_refused) return std::max<std::size_t>(before, 1);  // its last good ones stay
  return 1 + event.value->servers.size() + event.refused_servers.size();
}

std::size_t routes_in(const report& incoming) {
  return incoming.routes->size() + incoming.refused_routes.size();
}

std::size_t object_quota::size_after(const report& incoming) const {
  const auto routes = incoming.routes ? routes_in(incoming) : taken_.routes;
  auto total = incoming.full ? routes : taken_.total - taken_.routes + routes;
  for (const auto& [name, event] : incoming.backends) {
    const auto known = taken_.backends.find(name);
    const auto before = known == taken_.backends.end() ? 0 : known->second;
    total += objects_in(event, before);
    if (!incoming.full) total -= before;
  }
  return total;
}

bool object_quota::fits(const report& incoming) const {
  if (most_ == 0) return true;
  const auto after = size_after(incoming);
  return after <= most_ || after <= taken_.total;
}

std::optional<report> object_quota::take(report incoming) {
  if (!refused_) {
    if (fits(incoming)) return pass(std::move(incoming));
    refused_ = std::move(incoming);
    return std::nullopt;
  }
  fold(*refused_, report(incoming));
  if (fits(*refused_)) {
    auto whole = *std::exchange(refused_, std::nullopt);
    whole.seen_at = incoming.seen_at;
    return pass(std::move(whole));
  }
  if (!incoming.full && fits(incoming)) return pass(std::move(incoming));
  return std::nullopt;
}

std::optional<report> object_quota::pass(report incoming) {
  if (most_ == 0) return incoming;
  const auto routes = incoming.routes ? routes_in(incoming) : taken_.routes;
  sizes next;
  if (!incoming.full) next = std::exchange(taken_, {});
  for (const auto& [name, event] : incoming.backends) {
    const auto& from = incoming.full ? taken_.backends : next.backends;
    const auto known = from.find(name);
    const auto before = known == from.end() ? 0 : known->second;
    const auto after = objects_in(event, before);
    next.total += after;
    if (!incoming.full) next.total -= before;
    if (after > 0)
      next.backends[name] = after;
    else
      next.backends.erase(name);
  }
  next.total += routes - next.routes;
  next.routes = routes;
  taken_ = std::move(next);
  return incoming;
}

std::size_t object_quota::count() const {
  return refused_ ? size_after(*refused_) : taken_.total;
}

}  // namespace switchyard::model
