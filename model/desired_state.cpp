#include "model/desired_state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/places.hpp"

namespace switchyard::model {

namespace {

/// What `report` makes of `current`: routes that could not be read keep their last good version.
std::vector<route> apply_routes(const std::vector<route>& current, const report& report) {
  auto routes = *report.routes;
  for (const auto& r : current)
    if (report.keeps({r.host, r.path})) routes.push_back(r);
  tidy(routes, place_of);
  return routes;
}

std::size_t servers_of(const backend_ptr& backend) {
  return backend ? backend->servers.size() : 0;
}

bool same(const backend_ptr& a, const backend_ptr& b) {
  return a == b || (a && b && *a == *b);
}

std::vector<server> apply_servers(const backend_ptr& current, const backend_event& event) {
  if (event.servers_refused) return current ? current->servers : std::vector<server>();
  auto servers = event.value->servers;
  if (!current) return servers;
  for (const auto& name : event.refused_servers)
    if (const auto* good = current->find(name); good != nullptr && !event.value->find(name))
      servers.push_back(*good);
  sort_servers(servers);
  return servers;
}

}  // namespace

backend_ptr apply_event(const backend_ptr& current, const backend_event& event) {
  if (!event.value || (event.settings_refused && !current)) return nullptr;
  auto next = event.value;
  if (event.settings_refused || event.servers_refused || !event.refused_servers.empty())
    next = std::make_shared<const backend>(backend{
        event.value->name, event.settings_refused ? current->settings : event.value->settings,
        apply_servers(current, event)});
  return same(current, next) ? current : next;
}

desired_state::desired_state(std::vector<std::string> providers, std::set<std::string> united) {
  configure(std::move(providers), std::move(united));
}

desired_state::view* desired_state::find_view(const std::string& provider) {
  const auto found = std::ranges::find(views_, provider, &view::provider);
  return found == views_.end() ? nullptr : &*found;
}

/// nullptr: the view has none of that name any more.
void desired_state::replace(view& v, const std::string& backend, backend_ptr next) {
  const auto at = v.backends.find(backend);
  const auto current = at == v.backends.end() ? nullptr : at->second;
  v.servers = v.servers - servers_of(current) + servers_of(next);
  v.serving = v.serving - serving_of(current) + serving_of(next);
  if (next)
    v.backends.insert_or_assign(backend, std::move(next));
  else if (current)
    v.backends.erase(at);
}

fold_result desired_state::fold(const std::string& provider, const report& report) {
  fold_result result;
  view* const v = find_view(provider);
  if (v == nullptr) return result;

  std::vector<std::string> touched;
  for (const auto& [name, event] : report.backends) {
    const auto at = v->backends.find(name);
    const auto current = at == v->backends.end() ? nullptr : at->second;
    const auto before = v->unread_parts.find(name);
    auto parts =
        unread_after(before == v->unread_parts.end() ? unread() : before->second, current, event);
    const bool otherwise_read = note_unread(*v, name, std::move(parts));
    if (otherwise_read) result.changed.insert(name);
    auto next = apply_event(current, event);
    if (next == current && !otherwise_read) continue;
    touched.push_back(name);
    if (next != current) replace(*v, name, std::move(next));
  }
  if (report.full) {
    v->reported = true;
    const auto already = touched.size();
    for (const auto& [name, known] : v->backends)
      if (!report.backends.contains(name)) touched.push_back(name);
    for (auto i = already; i < touched.size(); ++i) replace(*v, touched[i], nullptr);
    std::erase_if(v->unread_parts, [&](const auto& entry) {
      const bool gone = !report.backends.contains(entry.first);
      if (gone) result.changed.insert(entry.first);
      return gone;
    });
  }
  for (const auto& name : touched) merge(name, result);
  if (report.routes) set_routes(*v, report, result);
  if (!result.changed.empty() || result.routes_changed) ++revision_;
  return result;
}

/// Whether that differs from what was unread before.
bool desired_state::note_unread(view& v, const std::string& backend, unread now) {
  const auto known = v.unread_parts.find(backend);
  if (known == v.unread_parts.end() ? !now.any() : known->second == now) return false;
  if (now.any())
    v.unread_parts.insert_or_assign(backend, std::move(now));
  else
    v.unread_parts.erase(known);
  return true;
}

void desired_state::set_routes(view& v, const report& report, fold_result& result) {
  auto next = apply_routes(v.routes, report);
  auto unread_places = report.refused_routes;
  for (const auto& at : v.unread_places)
    if (report.keeps(at)) unread_places.insert(at);
  for (const auto& r : next) unread_places.erase({r.host, r.path});
  if (v.unread_places != unread_places) result.routes_changed = true;
  v.unread_places = std::move(unread_places);
  if (v.routes == next) return;
  const auto before = routes();
  v.routes = std::move(next);
  ++routes_revision_;
  result.routes_changed = result.routes_changed || routes() != before;
  merge_routes(result);
}

/// The routes that are used are those of routes(); this notes which are not.
void desired_state::merge_routes(fold_result& result) {
  std::vector<provided_routes> all;
  for (const auto& v : views_)
    if (!v.routes.empty()) all.push_back({v.provider, v.routes});
  note_collisions("", all.size() > 1 ? contested_routes(all) : std::vector<collision>(), result);
}

fold_result desired_state::configure(std::vector<std::string> providers,
                                     std::set<std::string> united) {
  fold_result result;
  const auto routes_before = routes();
  std::set<std::string> touched;
  for (const auto& v : views_) {
    for (const auto& entry : v.backends) touched.insert(entry.first);
    for (const auto& entry : v.unread_parts) result.changed.insert(entry.first);
  }

  std::vector<view> next;
  for (auto& name : providers) {
    if (std::ranges::find(next, name, &view::provider) != next.end()) continue;
    if (view* const kept = find_view(name))
      next.push_back(std::exchange(*kept, {}));
    else
      next.push_back({std::move(name), false, {}, 0, 0, {}, {}, {}});
  }
  views_ = std::move(next);
  ++routes_revision_;
  united_ = std::move(united);

  for (const auto& name : touched) merge(name, result);
  merge_routes(result);
  result.routes_changed = routes() != routes_before;
  if (!result.changed.empty() || result.routes_changed) ++revision_;
  return result;
}

/// All versions of it by precedence, but the one that is used is the first.
std::vector<provided> desired_state::named_by(const std::string& backend) const {
  std::vector<provided> all;
  auto used = views_.size();  // of `all`
  for (const auto& v : views_) {
    const auto found = v.backends.find(backend);
    if (found == v.backends.end()) continue;
    const bool empty = found->second->servers.empty() && !v.unread_parts.contains(backend);
    if (!empty) used = std::min(used, all.size());
    all.push_back({v.provider, found->second});
  }
  if (used < all.size() && !united_.contains(backend)) {
    const auto at = all.begin() + static_cast<std::ptrdiff_t>(used);
    std::rotate(all.begin(), at, at + 1);
  }
  return all;
}

desired_version desired_state::decide(const std::string& backend,
                                      const std::vector<provided>& versions) const {
  return united_.contains(backend) ? unite(versions) : first_of(versions);
}

void desired_state::merge(const std::string& backend, fold_result& result) {
  result.versions.insert(backend);
  auto [desired, collisions] = decide(backend, named_by(backend));
  note_collisions(backend, std::move(collisions), result);
  const auto at = merged_.find(backend);
  const auto before = at == merged_.end() ? nullptr : at->second;
  if (same(before, desired)) return;
  result.changed.insert(backend);
  server_count_ = server_count_ - servers_of(before) + servers_of(desired);
  if (desired)
    merged_.insert_or_assign(backend, std::move(desired));
  else
    merged_.erase(at);
}

/// `backend`: "" for all routes.
void desired_state::note_collisions(const std::string& backend, std::vector<collision> found,
                                    fold_result& result) {
  std::set<collision> now(std::make_move_iterator(found.begin()),
                          std::make_move_iterator(found.end()));
  const auto first = collisions_.lower_bound({backend, "", ""});
  auto last = first;
  while (last != collisions_.end() && last->backend == backend) ++last;
  std::set_difference(now.begin(), now.end(), first, last,
                      std::back_inserter(result.new_collisions));
  std::set_difference(first, last, now.begin(), now.end(),
                      std::back_inserter(result.ended_collisions));
  const auto count = [&](const collision& c, int change) {
    for (const auto* provider : {&c.owner, &c.other})
      if ((collision_counts_[*provider] += static_cast<std::size_t>(change)) == 0)
        collision_counts_.erase(*provider);
  };
  std::for_each(first, last, [&](const collision& c) { count(c, -1); });
  for (const auto& c : now) count(c, 1);
  collisions_.erase(first, last);
  collisions_.merge(now);
}

}  // namespace switchyard::model
