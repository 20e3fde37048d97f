#include "model/guard.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "model/guard_context.hpp"

namespace switchyard::model {

namespace {

backend_ptr find_in(const std::map<std::string, backend_ptr>& view, const std::string& backend) {
  const auto found = view.find(backend);
  return found == view.end() ? nullptr : found->second;
}

/// `current` without what is let go of it.
backend_event removal(const backend_ptr& current, const std::set<std::string>& names, bool absent) {
  auto rest = std::make_shared<backend>(*current);
  std::erase_if(rest->servers, [&](const server& s) { return names.contains(s.name); });
  backend_event event;
  if (!absent || !rest->servers.empty()) event.value = std::move(rest);
  return event;
}

std::set<std::string> common(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> result;
  std::ranges::set_intersection(a, b, std::inserter(result, result.end()));
  return result;
}

}  // namespace

void guard::configure(guard_rules rules, std::set<std::string> leading,
                      std::set<std::string> guarded) {
  rules_ = rules;
  leading_ = std::move(leading);
  guarded_ = std::move(guarded);
  std::erase_if(holds_, [&](const auto& h) { return !guarded_.contains(h.second.provider); });
  std::erase_if(lately_, [&](const auto& l) { return !guarded_.contains(l.first); });
  std::erase_if(expected_, [&](const auto& e) { return !guarded_.contains(e.first); });
}

guard::verdict guard::screen(const std::string& provider, const desired_state& desired,
                             const report& report, wall_time now, const name_book& names) {
  if (!guarded_.contains(provider)) return {};
  context c{provider, desired,
            report,   now,
            names,    losses_of(desired.backends_of(provider), desired.routes_of(provider), report),
            {},       {}};
  forget_returned(c);
  judge(c);
  verdict result{put_back(c), {}, std::move(c.ended)};
  if (!c.began.empty()) ++version_;
  for (const auto id : c.began) result.began.push_back(holds_.at(id));
  return result;
}

// -- what ends by itself

/// Holds let go of what the source has again, and end when nothing is left of them, or when the
/// source has replaced it.
void guard::forget_returned(context& c) {
  for (auto at = holds_.begin(); at != holds_.end();) {
    auto& h = at->second;
    if (h.provider != c.provider) {
      ++at;
      continue;
    }
    const auto had = std::tuple(h.server_count(), h.routes.size(), h.absent);
    for (auto& [name, servers] : h.servers) {
      if (!c.tells_of(name)) continue;
      const auto lost = c.found.backends.find(name);
      servers = lost == c.found.backends.end() ? std::set<std::string>()
                                               : common(servers, lost->second.servers);
      h.absent.erase(name);
      if (!servers.empty() && !lost->second.next) h.absent.insert(name);
    }
    std::erase_if(h.servers, [](const auto& entry) { return entry.second.empty(); });
    std::erase_if(h.routes, [&](const place& where) {
      return c.tells_of(where) && !c.found.routes.contains(where);
    });
    const bool over = h.empty() || replaced(c, h);
    if (over || had != std::tuple(h.server_count(), h.routes.size(), h.absent)) ++version_;
    if (over) c.ended.push_back(std::move(h));
    at = over ? holds_.erase(at) : std::next(at);
  }
}

/// Whether the source has as many servers again as before that hold, in its backend or in all where
/// it had lost its last ones. What is held goes then, and is not judged.
bool guard::replaced(context& c, hold& h) const {
  if (h.rejected || !h.routes.empty()) return false;
  if (h.cause == hold_cause::last_server) {
    const auto now = c.found.backends.find(h.backend);
    if (now == c.found.backends.end() || now->second.serving_after < h.of) return false;
  } else if (h.cause != hold_cause::last || source_serving(c) < h.of) {
    return false;
  }
  for (const auto& [name, servers] : h.servers)
    if (const auto lost = c.found.backends.find(name); lost != c.found.backends.end())
      take_away(lost->second.servers, servers);
  return true;
}

/// How many servers of the source take traffic, without what is held.
std::size_t guard::source_serving(const context& c) const {
  auto n =
      static_cast<std::ptrdiff_t>(c.desired.summary(c.provider).serving) + c.found.serving_change;
  for (const auto& [id, h] : holds_) {
    if (h.provider != c.provider) continue;
    for (const auto& [name, names] : h.servers)
      if (!c.tells_of(name)) n -= static_cast<std::ptrdiff_t>(names.size());
  }
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

// -- the report that is folded

/// Nothing: nothing that the report tells of is held.
std::optional<report> guard::put_back(const context& c) const {
  std::optional<report> result;
  const auto& view = c.desired.backends_of(c.provider);
  std::set<place> routes;
  for (const auto& [id, h] : holds_) {
    if (h.provider != c.provider) continue;
    if (c.reported.routes) routes.insert(h.routes.begin(), h.routes.end());
    for (const auto& [name, servers] : h.servers) {
      const auto known = view.find(name);
      if (!c.tells_of(name) || known == view.end()) continue;
      if (!result) result = c.reported;
      auto& event = result->backends[name];
      auto whole = std::make_shared<backend>(
          event.value ? *event.value : backend{name, known->second->settings, {}});
      for (const auto& server : servers)
        if (const auto* s = known->second->find(server)) whole->servers.push_back(*s);
      sort_servers(whole->servers);
      event.value = std::move(whole);
    }
  }
  if (routes.empty()) return result;
  if (!result) result = c.reported;
  for (const auto& r : c.desired.routes_of(c.provider))
    if (routes.contains({r.host, r.path})) result->routes->push_back(r);
  return result;
}

// -- what operators and the clock decide

std::optional<guard::release> guard::approve(std::uint64_t id, const desired_state& desired) {
  const auto found = holds_.find(id);
  if (found == holds_.end()) return std::nullopt;
  ++version_;
  release result{std::move(found->second), {}};
  holds_.erase(found);
  // What is approved does not count against what comes.
  lately_.erase(result.what.provider);
  expected_.erase(result.what.provider);
  const auto& h = result.what;
  for (const auto& [name, servers] : h.servers) {
    const auto current = find_in(desired.backends_of(h.provider), name);
    if (!current) continue;
    auto event = removal(current, servers, h.absent.contains(name));
    // What could not be read of the backend is unread still.
    if (event.value) event.refused_servers = desired.unread_in(h.provider, name).by_name;
    result.removals.backends.emplace(name, std::move(event));
  }
  if (!h.routes.empty()) {
    result.removals.refused_routes = desired.unread_routes_in(h.provider);
    auto& rest = result.removals.routes.emplace(desired.routes_of(h.provider));
    std::erase_if(rest, [&](const route& r) { return h.routes.contains({r.host, r.path}); });
  }
  return result;
}

std::optional<hold> guard::reject(std::uint64_t id) {
  const auto found = holds_.find(id);
  if (found == holds_.end()) return std::nullopt;
  ++version_;
  found->second.rejected = true;
  return found->second;
}

std::optional<wall_time> guard::next_expiry() const {
  std::optional<wall_time> next;
  if (!rules_.hold_timeout) return next;
  for (const auto& [id, h] : holds_)
    if (!h.rejected && (!next || h.since + *rules_.hold_timeout < *next))
      next = h.since + *rules_.hold_timeout;
  return next;
}

std::optional<guard::release> guard::expire(const desired_state& desired, wall_time now) {
  if (!rules_.hold_timeout) return std::nullopt;
  const auto due = std::ranges::find_if(holds_, [&](const auto& entry) {
    return !entry.second.rejected && entry.second.since + *rules_.hold_timeout <= now;
  });
  return due == holds_.end() ? std::nullopt : approve(due->first, desired);
}

void guard::clock_set(wall_time::duration by) {
  if (!holds_.empty()) ++version_;
  for (auto& [id, h] : holds_) h.since += by;
  for (auto& [provider, losses] : lately_)
    for (auto& l : losses) l.first += by;
  for (auto& [provider, waiting] : expected_)
    for (auto& w : waiting) w.first += by;
}

std::set<std::string> guard::held_in(const std::string& provider,
                                     const std::string& backend) const {
  std::set<std::string> names;
  for (const auto& [id, h] : holds_) {
    if (h.provider != provider) continue;
    const auto found = h.servers.find(backend);
    if (found != h.servers.end()) names.insert(found->second.begin(), found->second.end());
  }
  return names;
}

guard_memory guard::memory_of(const std::string& provider) const {
  guard_memory memory{{}, last_id_};
  for (const auto& [id, h] : holds_)
    if (h.provider == provider) memory.holds.push_back(h);
  return memory;
}

void guard::restore(const guard_memory& memory) {
  ++version_;
  last_id_ = std::max(last_id_, memory.last_id);
  for (const auto& h : memory.holds) {
    last_id_ = std::max(last_id_, h.id);
    if (guarded_.contains(h.provider)) holds_.emplace(h.id, h);
  }
}

}  // namespace switchyard::model
