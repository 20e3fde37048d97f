#include "model/event.hpp"

#include <algorithm>
#include <iterator>

namespace switchyard::model {

namespace {

bool has_refusals(const backend_event& event) {
  return event.settings_refused || event.servers_refused || !event.refused_servers.empty();
}

/// The servers of `later`, those it refuses taken from `earlier` where that has them.
void fold_servers(const backend_event& earlier, backend_event& later, backend& target) {
  if (later.servers_refused) {
    target.servers = earlier.value->servers;
    later.servers_refused = earlier.servers_refused;
    later.refused_servers = earlier.refused_servers;
    return;
  }
  std::set<std::string> open;
  for (const auto& name : later.refused_servers) {
    if (const auto* good = earlier.value->find(name))
      target.servers.push_back(*good);
    else if (earlier.servers_refused || earlier.refused_servers.contains(name))
      open.insert(name);
  }
  sort_servers(target.servers);
  later.refused_servers = std::move(open);
}

/// `later` with what it refuses taken from `earlier`; what neither could read stays refused.
backend_event fold_event(const backend_event& earlier, backend_event later) {
  if (!later.value || !has_refusals(later)) return later;
  if (!earlier.value) {
    // Gone in between: there is no good version for the refused parts to keep.
    if (later.settings_refused) return {};
    return {later.value, false, false, {}};
  }
  backend target = *later.value;
  if (later.settings_refused) {
    target.settings = earlier.value->settings;
    later.settings_refused = earlier.settings_refused;
  }
  fold_servers(earlier, later, target);
  later.value = std::make_shared<const backend>(std::move(target));
  return later;
}

/// Places that neither report could read and that stay all the same. `named`: by routes of both.
std::set<place> open_places(const report& earlier, const report& later,
                            const std::set<place>& named) {
  std::set<place> open;
  for (const auto* refused : {&later.refused_routes, &earlier.refused_routes})
    for (const auto& at : *refused)
      if (!named.contains(at) && earlier.keeps(at) && later.keeps(at)) open.insert(at);
  return open;
}

void fold_routes(report& earlier, report& later) {
  if (!later.routes) return;
  if (earlier.routes) {
    std::set<place> named;
    for (const auto& r : *later.routes) named.emplace(r.host, r.path);
    for (const auto& r : *earlier.routes)
      if (const place at(r.host, r.path); later.keeps(at) && named.insert(at).second)
        later.routes->push_back(r);
    auto open = open_places(earlier, later, named);
    if (!earlier.gone_routes) {
      later.gone_routes.reset();
    } else if (later.gone_routes) {
      later.gone_routes->insert(earlier.gone_routes->begin(), earlier.gone_routes->end());
      std::erase_if(*later.gone_routes, [&](const place& at) { return named.contains(at); });
    }
    later.refused_routes = std::move(open);
  }
  earlier.routes = std::move(later.routes);
  earlier.refused_routes = std::move(later.refused_routes);
  earlier.gone_routes = std::move(later.gone_routes);
}

/// What the earlier report refuses and the later one leaves so, and what the later one refuses: for
/// a key that both name the later reason. Before the backends are folded.
void fold_refusals(report& earlier, report& later) {
  std::set<std::string> keys;
  for (const auto& r : later.refused) keys.insert(r.key);
  std::erase_if(earlier.refused,
                [&](const refusal& r) { return keys.contains(r.key) || later.settles(r); });
  std::erase_if(earlier.gone_refusals, [&](const auto& key) { return keys.contains(key); });
  earlier.gone_refusals.merge(later.gone_refusals);
  std::ranges::move(later.refused, std::back_inserter(earlier.refused));
}

}  // namespace

bool report::settles(const refusal& before) const {
  if (gone_refusals.contains(before.key)) return true;
  if (before.route) return routes && !gone_routes;
  const auto named = backends.find(before.backend);
  if (named == backends.end()) return false;
  const auto& event = named->second;
  if (!event.value) return true;
  if (event.servers_refused) return false;
  return before.server.empty() ? !event.settings_refused
                               : !event.refused_servers.contains(before.server);
}

bool report::keeps(const place& at) const {
  return !routes || refused_routes.contains(at) || (gone_routes && !gone_routes->contains(at));
}

void fold(report& earlier, report&& later) {
  if (!later.full) fold_refusals(earlier, later);
  for (auto& [name, event] : later.backends) {
    const auto before = earlier.backends.find(name);
    if (before != earlier.backends.end())
      event = fold_event(before->second, std::move(event));
    else if (earlier.full)
      event = fold_event({}, std::move(event));
  }
  fold_routes(earlier, later);
  if (later.full) {
    earlier.full = true;
    earlier.backends = std::move(later.backends);
    earlier.refused = std::move(later.refused);
    earlier.gone_refusals.clear();
    return;
  }
  for (auto& [name, event] : later.backends)
    earlier.backends.insert_or_assign(name, std::move(event));
}

}  // namespace switchyard::model
