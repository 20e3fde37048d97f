#include "actors/api_answers.hpp"

#include <algorithm>
#include <variant>

namespace switchyard::actors {

namespace {

constexpr std::size_t most_missing = 20;

}  // namespace

const config::provider_settings* memory_provider(const config::settings& settings) {
  const auto found = std::ranges::find_if(settings.providers, [](const auto& p) {
    return std::holds_alternative<config::memory_settings>(p.source);
  });
  return found == settings.providers.end() ? nullptr : &*found;
}

std::vector<std::string> words(const std::vector<haproxy::reload_reason>& reasons) {
  std::vector<std::string> all;
  all.reserve(reasons.size());
  for (const auto& r : reasons) all.push_back(words_of(r));
  return all;
}

api::actual_backend actual_of(const haproxy::seen_backend& seen) {
  const auto& whole = seen.live.whole;
  api::actual_backend result{whole.status, whole.sessions, whole.queued, whole.total, {}};
  for (const auto& [name, s] : seen.servers) {
    const auto live = seen.live.servers.find(name);
    const auto figures = live == seen.live.servers.end() ? haproxy::live_figures{} : live->second;
    result.servers[name] = {s.address,        s.port,         s.weight,
                            s.state,          figures.status, figures.check,
                            figures.sessions, figures.queued, figures.total};
  }
  return result;
}

touched touched_by(const model::edit& change) {
  touched what;
  what.routes = change.what == model::edit::kind::put_routes;
  if (!what.routes) what.backends.insert(change.backend);
  for (const auto& route : change.routes) what.backends.insert(route.backend);
  return what;
}

std::vector<std::string> missing_in(const api::haproxy_status& haproxy, const touched& what) {
  std::vector<std::string> missing;
  if (!haproxy.reachable) missing.emplace_back("HAProxy, which does not answer");
  if (what.routes && haproxy.routes_refused)
    missing.emplace_back("HAProxy, which does not have all routes; switchyard's log says why");
  for (const auto& name : what.backends) {
    if (missing.size() > most_missing) break;
    if (const auto reason = haproxy.awaiting->find(name); reason != haproxy.awaiting->end())
      missing.push_back("a reload: " + reason->second);
    if (haproxy.refused->contains(name))
      missing.push_back("HAProxy, which refuses what backend " + name +
                        " needs; switchyard's log says why");
  }
  return missing;
}

bool brought(const api::apply_status& pass, const api::write_result& change, const touched& what) {
  if (change.revision == 0 || pass.revision < change.revision || pass.kind != "changes")
    return false;
  if (what.routes) return pass.routes > 0;
  return pass.backends.empty() || std::ranges::any_of(pass.backends, [&](const auto& name) {
           return what.backends.contains(name);
         });
}

}  // namespace switchyard::actors
