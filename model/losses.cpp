#include "model/losses.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "model/desired_state.hpp"

namespace switchyard::model {

namespace {

/// Those of `a` that take traffic and are not in `b`, by name.
std::vector<const server*> serving_without(const backend_ptr& a, const backend_ptr& b) {
  std::vector<const server*> result;
  if (!a) return result;
  static const std::vector<server> none;
  const auto& others = b ? b->servers : none;
  auto other = others.begin();  // both are sorted
  for (const auto& s : a->servers) {
    while (other != others.end() && other->name < s.name) ++other;
    const bool in_both = other != others.end() && other->name == s.name;
    if (s.serves() && !in_both) result.push_back(&s);
  }
  return result;
}

/// Where the source says that it is.
std::string_view place_of(const server& s) {
  return s.host.empty() ? s.address : s.host;
}

/// Names of those whose address no server of `other` has.
std::set<std::string> gone_from(const std::vector<const server*>& missing,
                                const backend_ptr& other) {
  std::multimap<std::pair<std::string_view, std::uint16_t>, const server*> places;
  for (const auto* s : missing) places.emplace(std::pair(place_of(*s), s->port), s);
  // Few are missing, as a rule, of many.
  if (other && !places.empty())
    for (const auto& s : other->servers) places.erase({place_of(s), s.port});
  std::set<std::string> names;
  for (const auto& [place, s] : places) names.insert(s->name);
  return names;
}

void compare(const std::string& name, const backend_ptr& current, const backend_event& event,
             losses& result) {
  const auto next = apply_event(current, event);
  if (event.value && event.servers_refused) result.unknown.insert(name);
  if (next == current) return;
  const auto before = serving_of(current), after = serving_of(next);
  result.serving_change += static_cast<std::ptrdiff_t>(after) - static_cast<std::ptrdiff_t>(before);
  for (const auto& one : gone_from(serving_without(next, current), current)) {
    const auto* const server = next->find(one);
    if (server->host.empty())
      ++result.arrived;
    else
      result.arrived_hosts.push_back(server->host);
  }
  if (auto names = gone_from(serving_without(current, next), next); !names.empty())
    result.backends[name] = {next, std::move(names), before, after};
}

std::set<place> routes_lost(const std::vector<route>& known, const report& report) {
  std::set<place> here;
  for (const auto& r : *report.routes) here.emplace(r.host, r.path);
  std::set<place> lost;
  for (const auto& r : known)
    if (const place at(r.host, r.path); !here.contains(at) && !report.keeps(at)) lost.insert(at);
  return lost;
}

}  // namespace

losses losses_of(const std::map<std::string, backend_ptr>& view, const std::vector<route>& routes,
                 const report& report) {
  losses result;
  for (const auto& [name, event] : report.backends) {
    const auto known = view.find(name);
    compare(name, known == view.end() ? nullptr : known->second, event, result);
  }
  if (report.full)
    for (const auto& [name, current] : view)
      if (!report.backends.contains(name)) compare(name, current, {}, result);
  if (report.routes) result.routes = routes_lost(routes, report);
  return result;
}

}  // namespace switchyard::model
