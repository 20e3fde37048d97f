#include "model/known_refusals.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::model {

known_refusals::known_refusals(const list& refused) {
  std::map<std::string, list> sorted;
  for (const auto& r : refused) sorted[r.key].push_back(r);
  for (auto& [key, all] : sorted) put(key, std::move(all));
}

const known_refusals::list* known_refusals::find(const std::string& key) const {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : &at->second;
}

void known_refusals::put(const std::string& key, list now) {
  auto& known = by_key_[key];
  for (const auto& r : known) {
    routes_.erase(key);
    const auto at = by_backend_.find(r.backend);
    if (at != by_backend_.end() && at->second.erase(key) > 0 && at->second.empty())
      by_backend_.erase(at);
  }
  for (const auto& r : now)
    if (r.route)
      routes_.insert(key);
    else if (!r.backend.empty())
      by_backend_[r.backend].insert(key);
  known = std::move(now);
  if (known.empty()) by_key_.erase(key);
}

/// Keys of those that the changes may settle; report::settles() knows whether they do.
std::set<std::string> known_refusals::named_by(const report& changes) const {
  auto keys = changes.gone_refusals;
  if (changes.routes) keys.insert(routes_.begin(), routes_.end());
  for (const auto& named : changes.backends)
    if (const auto at = by_backend_.find(named.first); at != by_backend_.end())
      keys.insert(at->second.begin(), at->second.end());
  return keys;
}

bool known_refusals::settled_by(const report& changes) const {
  return std::ranges::any_of(named_by(changes), [&](const auto& key) {
    const auto* const known = find(key);
    return known != nullptr &&
           std::ranges::any_of(*known, [&](const refusal& r) { return changes.settles(r); });
  });
}

std::vector<std::string> known_refusals::settle(const report& changes) {
  std::vector<std::string> gone;
  for (const auto& key : named_by(changes)) {
    const auto* const known = find(key);
    if (known == nullptr) continue;
    auto left = *known;
    if (std::erase_if(left, [&](const refusal& r) { return changes.settles(r); }) == 0) continue;
    if (left.empty()) gone.push_back(key);
    put(key, std::move(left));
  }
  return gone;
}

}  // namespace switchyard::model
