// What of a report is held: the rules.

#include <algorithm>

#include "model/guard.hpp"
#include "model/guard_context.hpp"

namespace switchyard::model {

namespace {

std::size_t servers_in(const losses& l) {
  std::size_t n = 0;
  for (const auto& [name, of] : l.backends) n += of.servers.size();
  return n;
}

bool too_many(const guard_rules& rules, std::size_t lost, std::size_t of) {
  return lost >= rules.min_removed && lost * 100 > of * rules.max_removed;
}

void keep(hold& h, const std::string& backend, const backend_losses& lost) {
  h.servers[backend].insert(lost.servers.begin(), lost.servers.end());
  if (!lost.next) h.absent.insert(backend);
}

void keep_all(hold& h, const losses& fresh) {
  for (const auto& [name, lost] : fresh.backends) keep(h, name, lost);
  h.routes.insert(fresh.routes.begin(), fresh.routes.end());
}

}  // namespace

/// Losses that no hold has yet.
losses guard::not_held(const context& c) const {
  auto fresh = c.found;
  for (const auto& [id, h] : holds_) {
    if (h.provider != c.provider) continue;
    for (const auto& [name, servers] : h.servers)
      if (const auto lost = fresh.backends.find(name); lost != fresh.backends.end())
        take_away(lost->second.servers, servers);
    take_away(fresh.routes, h.routes);
  }
  std::erase_if(fresh.backends, [](const auto& entry) { return entry.second.servers.empty(); });
  return fresh;
}

void guard::judge(context& c) {
  auto fresh = not_held(c);
  if (auto tripped = whole_provider(c, fresh)) return keep_all(open(c, *std::move(tripped)), fresh);
  if (rules_.keep_last_server) judge_backends(c, fresh);
  judge_routes(c, fresh);
  if (const auto gone = servers_in(fresh); gone > 0 && rules_.window.count() > 0)
    lately_[c.provider].emplace_back(c.now, gone);
}

/// The hold of everything, if that is too much.
std::optional<hold> guard::whole_provider(context& c, const losses& fresh) {
  const auto lately = lost_lately(c);
  auto view = c.desired.summary(c.provider);
  auto servers = servers_in(fresh), routes = fresh.routes.size();
  if (servers == 0 && routes == 0) return std::nullopt;
  const bool lost_servers = servers > 0, lost_routes = routes > 0;
  // What is rejected is out of it, on both sides.
  for (const auto& [id, h] : holds_) {
    if (h.provider != c.provider) continue;
    if (h.rejected) {
      view.serving -= std::min(view.serving, h.server_count());
      view.routes -= std::min(view.routes, h.routes.size());
    } else {
      servers += h.server_count();
      routes += h.routes.size();
    }
  }
  hold h;
  h.provider = c.provider;
  h.since = c.now;
  const auto trips = [&](hold_cause cause, std::size_t lost, std::size_t of) {
    h.cause = cause;
    h.lost = lost;
    h.of = of;
    return h;
  };
  const auto before = view.serving + lately - std::min(view.serving, unresolved(c));
  if (lost_servers && too_many(rules_, servers + lately, before))
    return trips(hold_cause::share, servers + lately, before);
  if (lost_routes && too_many(rules_, routes, view.routes))
    return trips(hold_cause::route_share, routes, view.routes);
  if (!rules_.keep_last_server) return std::nullopt;
  if (lost_servers && source_serving(c) == 0) {
    const auto led_to = led_to_before(c);
    if (std::ranges::any_of(fresh.backends,
                            [&](const auto& b) { return led_to.contains(b.first); }))
      return trips(hold_cause::last, servers, view.serving);
  }
  if (lost_routes && c.reported.routes->empty() && routes == view.routes)
    return trips(hold_cause::last_route, routes, view.routes);
  return std::nullopt;
}

/// What of single backends is held leaves `fresh`.
void guard::judge_backends(context& c, losses& fresh) {
  std::optional<std::set<std::string>> led_to;
  std::erase_if(fresh.backends, [&](const auto& entry) {
    const auto& [name, lost] = entry;
    const bool united = c.desired.united().contains(name);
    const bool in_use = united || c.desired.owner(name) == c.provider;
    if (lost.serving_after > 0 || !in_use || kept_by_hand(c, name)) return false;
    const bool gives_way = united || c.leaves_nothing_of(name);
    const auto other = gives_way ? c.desired.without(c.provider, name) : nullptr;
    if (other && other->serving() > 0) return false;
    if (!led_to) led_to = led_to_after(c);
    if (!led_to->contains(name)) return false;
    hold h;
    h.provider = c.provider;
    h.backend = name;
    h.cause = hold_cause::last_server;
    h.since = c.now;
    h.lost = lost.servers.size();
    h.of = lost.serving_before;
    keep(open(c, std::move(h)), name, lost);
    return true;
  });
}

/// Routes to a backend of which servers are held stay as long as those.
void guard::judge_routes(context& c, losses& fresh) {
  if (fresh.routes.empty()) return;
  for (const auto& r : c.desired.routes_of(c.provider)) {
    const place at(r.host, r.path);
    if (!fresh.routes.contains(at)) continue;
    const auto of = std::ranges::find_if(holds_, [&](const auto& h) {
      return h.second.provider == c.provider && h.second.servers.contains(r.backend);
    });
    if (of == holds_.end()) continue;
    of->second.routes.insert(at);
    c.began.insert(of->first);
    fresh.routes.erase(at);
  }
}

/// Backends that a frontend or a route led to before the report.
std::set<std::string> guard::led_to_before(const context& c) const {
  auto names = leading_;
  for (const auto& r : c.desired.routes()) names.insert(r.backend);
  return names;
}

/// Those that one leads to after it.
std::set<std::string> guard::led_to_after(const context& c) const {
  auto names = leading_;
  std::set<place> held, named;
  for (const auto& [id, h] : holds_)
    if (h.provider == c.provider) held.insert(h.routes.begin(), h.routes.end());
  if (c.reported.routes)
    for (const auto& r : *c.reported.routes) {
      names.insert(r.backend);
      named.emplace(r.host, r.path);
    }
  for (const auto& r : c.desired.owned_routes()) {
    const place at(r.value.host, r.value.path);
    const bool stays = held.contains(at) || c.reported.keeps(at);
    if (r.owner != c.provider || (stays && !named.contains(at))) names.insert(r.value.backend);
  }
  return names;
}

/// Whether servers of that backend stay since an operator has decided so.
bool guard::kept_by_hand(const context& c, const std::string& backend) const {
  return std::ranges::any_of(holds_, [&](const auto& entry) {
    const auto& h = entry.second;
    return h.rejected && h.provider == c.provider && h.servers.contains(backend);
  });
}

/// The hold to put it in: the one that waits for the same decision, or a new one.
hold& guard::open(context& c, hold tripped) {
  const auto same = std::ranges::find_if(holds_, [&](const auto& entry) {
    const auto& h = entry.second;
    return !h.rejected && h.provider == tripped.provider && h.backend == tripped.backend;
  });
  if (same != holds_.end()) {
    auto& h = same->second;
    h.cause = tripped.cause;
    h.lost = tripped.lost;
    h.of = tripped.of;
    c.began.insert(h.id);
    return h;
  }
  tripped.id = ++last_id_;
  c.began.insert(tripped.id);
  return holds_.emplace(tripped.id, std::move(tripped)).first->second;
}

/// Servers that came with this report, or before and have an address now. At most `most` are waited
/// for.
std::size_t guard::arrived(const context& c, std::size_t most) {
  auto n = c.found.arrived;
  auto& waiting = expected_[c.provider];
  for (const auto& host : c.found.arrived_hosts)
    if (waiting.size() < most) waiting.emplace_back(c.now, host);
  std::erase_if(waiting, [&](const auto& one) {
    const bool resolved = c.names.known(one.second);
    if (resolved) ++n;
    return resolved || one.first + rules_.window <= c.now;
  });
  return n;
}

/// How many servers came within the window, in the place of others, and have no address yet.
std::size_t guard::unresolved(const context& c) const {
  const auto known = expected_.find(c.provider);
  if (known == expected_.end()) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(known->second, [&](const auto& one) {
    return one.first < c.now && one.first + rules_.window > c.now;
  }));
}

/// What was lost within the window, less what came instead.
std::size_t guard::lost_lately(const context& c) {
  const auto known = lately_.find(c.provider);
  if (known == lately_.end()) return 0;
  auto& list = known->second;
  while (!list.empty() && list.front().first + rules_.window <= c.now) list.pop_front();
  const auto lost = [&] {
    std::size_t sum = 0;
    for (const auto& [at, n] : list) sum += n;
    return sum;
  };
  for (auto left = arrived(c, lost()); left > 0 && !list.empty();) {
    const auto n = std::min(left, list.front().second);
    left -= n;
    list.front().second -= n;
    if (list.front().second == 0) list.pop_front();
  }
  return lost();
}

}  // namespace switchyard::model
