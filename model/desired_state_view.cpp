// What the desired state tells of itself.

#include <algorithm>
#include <iterator>

#include "model/desired_state.hpp"
#include "model/places.hpp"

namespace switchyard::model {

const desired_state::view* desired_state::find_view(const std::string& provider) const {
  const auto found = std::ranges::find(views_, provider, &view::provider);
  return found == views_.end() ? nullptr : &*found;
}

std::size_t desired_state::route_count() const {
  std::size_t count = 0;
  for (const auto& v : views_) count += v.routes.size();
  return count;
}

backend_ptr desired_state::find(const std::string& backend) const {
  const auto found = merged_.find(backend);
  return found == merged_.end() ? nullptr : found->second;
}

backend_page desired_state::page(const std::string& after, const std::string& provider,
                                 std::size_t most) const {
  backend_page result;
  std::size_t looked_at = 0;
  for (auto at = merged_.upper_bound(after); at != merged_.end(); ++at) {
    if (result.backends.size() == most || looked_at++ == most * 100) {
      result.next = std::prev(at)->first;
      break;
    }
    auto of = origins(at->first);
    if (provider.empty() || std::ranges::count(of, provider) > 0)
      result.backends.push_back({at->second, std::move(of)});
  }
  return result;
}

std::vector<owned_route> desired_state::owned_routes() const {
  std::vector<owned_route> all;
  for (const auto& v : views_)
    for (const auto& r : v.routes) all.push_back({r, v.provider});
  tidy(all, [](const owned_route& r) { return place_of(r.value); });
  return all;
}

std::vector<route> desired_state::routes() const {
  std::vector<route> all;
  for (const auto& v : views_) all.insert(all.end(), v.routes.begin(), v.routes.end());
  tidy(all, place_of);
  return all;
}

unread desired_state::unread_of(const std::string& backend) const {
  if (merged_.contains(backend))
    return united_.contains(backend) ? unread_of_united(backend)
                                     : unread_in(owner(backend), backend);
  for (const auto& v : views_)
    if (const auto found = v.unread_parts.find(backend); found != v.unread_parts.end())
      return found->second;
  return {};
}

unread desired_state::unread_of_united(const std::string& backend) const {
  unread all;
  for (const auto& v : views_) {
    const auto found = v.unread_parts.find(backend);
    if (found == v.unread_parts.end()) continue;
    const auto& parts = found->second;
    // Of a version whose settings are unread no server is known.
    all.servers = all.servers || parts.servers || parts.settings;
    all.by_name.insert(parts.by_name.begin(), parts.by_name.end());
  }
  return all;
}

unread desired_state::unread_in(const std::string& provider, const std::string& backend) const {
  const auto* v = find_view(provider);
  if (v == nullptr) return {};
  const auto found = v->unread_parts.find(backend);
  return found == v->unread_parts.end() ? unread() : found->second;
}

std::set<std::string> desired_state::unread_backends() const {
  std::set<std::string> names;
  for (const auto& v : views_)
    for (const auto& [name, parts] : v.unread_parts)
      if (parts.settings && !merged_.contains(name)) names.insert(name);
  return names;
}

std::set<std::pair<std::string, std::string>> desired_state::unread_routes() const {
  std::set<std::pair<std::string, std::string>> places;
  for (const auto& v : views_) places.insert(v.unread_places.begin(), v.unread_places.end());
  return places;
}

const std::set<std::pair<std::string, std::string>>& desired_state::unread_routes_in(
    const std::string& provider) const {
  static const std::set<std::pair<std::string, std::string>> none;
  const auto* v = find_view(provider);
  return v == nullptr ? none : v->unread_places;
}

const std::map<std::string, backend_ptr>& desired_state::backends_of(
    const std::string& provider) const {
  static const std::map<std::string, backend_ptr> none;
  const auto* v = find_view(provider);
  return v == nullptr ? none : v->backends;
}

const std::vector<route>& desired_state::routes_of(const std::string& provider) const {
  static const std::vector<route> none;
  const auto* v = find_view(provider);
  return v == nullptr ? none : v->routes;
}

backend_ptr desired_state::without(const std::string& provider, const std::string& backend) const {
  auto others = named_by(backend);
  std::erase_if(others, [&](const provided& p) { return p.provider == provider; });
  // The one that was used may have been taken out: the next that has servers stands in.
  const auto stands_in = std::ranges::find_if(others, [&](const provided& p) {
    return !p.value->servers.empty() || find_view(p.provider)->unread_parts.contains(backend);
  });
  if (stands_in != others.end() && !united_.contains(backend))
    std::rotate(others.begin(), stands_in, stands_in + 1);
  return decide(backend, others).value;
}

view_summary desired_state::summary(const std::string& provider) const {
  const auto* v = find_view(provider);
  if (v == nullptr) return {};
  return {v->reported, v->backends.size(), v->servers, v->serving, v->routes.size()};
}

bool desired_state::complete() const {
  return std::ranges::all_of(views_, &view::reported);
}

std::vector<std::string> desired_state::missing() const {
  std::vector<std::string> names;
  for (const auto& v : views_)
    if (!v.reported) names.push_back(v.provider);
  return names;
}

std::vector<backend_ptr> desired_state::versions_of(const std::string& backend) const {
  std::vector<backend_ptr> all;
  for (const auto& v : views_)
    if (const auto found = v.backends.find(backend); found != v.backends.end())
      all.push_back(found->second);
  return all;
}

std::vector<collision> desired_state::collisions_of(const std::string& backend) const {
  std::vector<collision> all;
  for (auto at = collisions_.lower_bound({backend, "", ""});
       at != collisions_.end() && at->backend == backend; ++at)
    all.push_back(*at);
  return all;
}

std::size_t desired_state::collision_count(const std::string& provider) const {
  const auto known = collision_counts_.find(provider);
  return known == collision_counts_.end() ? 0 : known->second;
}

std::vector<provided> desired_state::versions(const std::string& backend) const {
  auto all = named_by(backend);
  if (all.size() > 1 && !united_.contains(backend)) all.erase(all.begin() + 1, all.end());
  return all;
}

std::vector<std::string> desired_state::origins(const std::string& backend) const {
  std::vector<std::string> names;
  for (auto& version : versions(backend)) names.push_back(std::move(version.provider));
  return names;
}

std::string desired_state::origin(const std::string& backend, const std::string& server) const {
  for (const auto& [provider, version] : versions(backend))
    if (version->find(server) != nullptr) return provider;
  return {};
}

std::string desired_state::owner(const std::string& backend) const {
  const auto all = named_by(backend);
  return all.empty() ? std::string() : all.front().provider;
}

}  // namespace switchyard::model
