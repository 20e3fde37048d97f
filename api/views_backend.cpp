#include <algorithm>

#include "api/views.hpp"
#include "model/document.hpp"

namespace switchyard::api {

namespace {

using nlohmann::json;

json view(const std::string& name, const actual_server& s) {
  return {{"name", name},       {"address", s.address},        {"port", s.port},
          {"weight", s.weight}, {"state", to_string(s.state)}, {"status", s.status},
          {"check", s.check},   {"sessions", s.sessions},      {"queued", s.queued},
          {"total", s.total}};
}

json view(const actual_backend& b) {
  json servers = json::array();
  for (const auto& [name, s] : b.servers) servers.push_back(view(name, s));
  return {{"status", b.status},
          {"sessions", b.sessions},
          {"queued", b.queued},
          {"total", b.total},
          {"servers", std::move(servers)}};
}

constexpr std::size_t named_collisions = 100;

/// The provider of each server.
json server_origins(const std::vector<model::provided>& versions) {
  json all = json::object();
  for (const auto& [provider, version] : versions)
    for (const auto& s : version->servers)
      if (!all.contains(s.name)) all[s.name] = provider;
  return all;
}

json view(const model::unread& u) {
  return {{"settings", u.settings}, {"servers", u.servers}, {"by_name", u.by_name}};
}

}  // namespace

json summary(const model::owned_backend& b) {
  std::array<std::size_t, 3> by_state{};
  for (const auto& s : b.value->servers) ++by_state.at(static_cast<std::size_t>(s.state));
  return {{"name", b.value->name},
          {"origin", b.origins.front()},
          {"origins", b.origins},
          {"version", model::version_of(*b.value)},
          {"mode", to_string(b.value->settings.mode)},
          {"servers",
           {{"count", b.value->servers.size()},
            {"ready", by_state[static_cast<std::size_t>(model::server_state::ready)]},
            {"drain", by_state[static_cast<std::size_t>(model::server_state::drain)]},
            {"maint", by_state[static_cast<std::size_t>(model::server_state::maint)]},
            {"held", b.held}}}};
}

std::vector<std::string> differences(const model::backend& desired, const actual_backend& actual) {
  std::vector<std::string> all;
  for (const auto& s : desired.servers) {
    const auto found = actual.servers.find(s.name);
    if (found == actual.servers.end()) {
      all.push_back(s.name + " is not in HAProxy");
      continue;
    }
    const auto& has = found->second;
    if (has.address != s.address || has.port != s.port)
      all.push_back(s.name + " is at " + has.address + " port " + std::to_string(has.port) +
                    " in HAProxy");
    if (has.weight != s.weight)
      all.push_back(s.name + " has the weight " + std::to_string(has.weight) + " in HAProxy");
    if (has.state != s.state)
      all.push_back(s.name + " is in state " + std::string(to_string(has.state)) + " in HAProxy");
  }
  for (const auto& [name, has] : actual.servers)
    if (desired.find(name) == nullptr) all.push_back(name + " is still in HAProxy");
  return all;
}

std::string backend_detail::version() const {
  const auto& whole = by_hand ? by_hand : desired.value;
  return whole ? model::version_of(*whole) : "";
}

json view(const std::string& name, const backend_detail& b) {
  const auto& desired = b.desired;
  json origins = json::array(), named_by = json::array(), collisions = json::array();
  for (const auto& v : desired.versions) origins.push_back(v.provider);
  for (const auto& c : desired.collisions) {
    if (c.what == model::contested::backend) named_by.push_back(c.other);
    if (collisions.size() < named_collisions) collisions.push_back(view(c));
  }
  const auto version = b.version();
  json result{{"name", name},
              {"origin", origins.empty() ? json() : origins.front()},
              {"origins", std::move(origins)},
              {"server_origins", server_origins(desired.versions)},
              {"also_named_by", std::move(named_by)},
              {"collisions", std::move(collisions)},
              {"unread", view(desired.unread)},
              {"held", desired.held},
              {"version", version.empty() ? json() : json(version)},
              {"by_hand", b.by_hand ? model::encode(*b.by_hand) : json()},
              {"desired", desired.value ? model::encode(*desired.value) : json()},
              {"actual", b.actual ? view(*b.actual) : json()},
              {"actual_unreadable", b.unreadable.empty() ? json() : json(b.unreadable)},
              {"differences", json::array()}};
  if (desired.addressed && b.actual)
    result["differences"] = differences(*desired.addressed, *b.actual);
  else if (desired.value && b.unreadable.empty())
    result["differences"] = {"the backend is not in HAProxy"};
  else if (!desired.value && b.actual)
    result["differences"] = {"the backend is still in HAProxy"};
  return result;
}

json view(const reconcile_result& r) {
  return {{"haproxy_reachable", r.reachable},
          {"repaired", r.repaired},
          {"reloaded", r.reloaded},
          {"reload_waiting", r.waiting},
          {"notices", r.notices},
          {"took_ms", static_cast<double>(r.took.count()) / 1000.0}};
}

json view(const write_result& w) {
  return {{"provider", w.provider},
          {"created", w.done.created},
          {"changed", w.done.changed},
          {"version", w.done.version.empty() ? json() : json(w.done.version)},
          {"revision", w.revision == 0 ? json() : json(w.revision)},
          {"applied", w.applied},
          {"apply", w.pass ? view(*w.pass) : json()},
          {"waiting", w.waiting}};
}

}  // namespace switchyard::api
