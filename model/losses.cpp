#include "model/losses.hpp"

#include <algorithm>
#include <compare>
#include <map>
#include <tuple>
#include <utility>

#include "model/desired_state.hpp"

namespace switchyard::model {

namespace {

/// Servers that take traffic: how many of each version, and those of one that the other has none of
/// that name of.
struct serving {
  std::size_t before = 0, after = 0;
  std::vector<const server*> gone, come;
};

/// In one pass: every change of a backend goes through here, however large that is.
serving serving_in(const backend_ptr& current, const backend_ptr& next) {
  static const std::vector<server> none;
  const auto& olds = current ? current->servers : none;
  const auto& news = next ? next->servers : none;
  serving result;
  auto was = olds.begin();
  auto is = news.begin();
  while (was != olds.end() || is != news.end()) {
    const auto order = was == olds.end()  ? std::strong_ordering::greater
                       : is == news.end() ? std::strong_ordering::less
                                          : was->name <=> is->name;
    if (order <= 0 && was->serves()) {
      ++result.before;
      if (order < 0) result.gone.push_back(&*was);
    }
    if (order >= 0 && is->serves()) {
      ++result.after;
      if (order > 0) result.come.push_back(&*is);
    }
    if (order <= 0) ++was;
    if (order >= 0) ++is;
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
  const auto servers = serving_in(current, next);
  result.serving_change +=
      static_cast<std::ptrdiff_t>(servers.after) - static_cast<std::ptrdiff_t>(servers.before);
  for (const auto& one : gone_from(servers.come, current)) {
    const auto* const server = next->find(one);
    if (server->host.empty())
      ++result.arrived;
    else
      result.arrived_hosts.push_back(server->host);
  }
  if (auto names = gone_from(servers.gone, next); !names.empty())
    result.backends[name] = {next, std::move(names), servers.before, servers.after};
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
