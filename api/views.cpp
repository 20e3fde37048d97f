#include "api/views.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <set>
#include <string>

namespace switchyard::api {

namespace {

using nlohmann::json;

double milliseconds(std::chrono::microseconds value) {
  return static_cast<double>(value.count()) / 1000.0;
}

/// The list is for a look; past this many it ends.
json first_of(const std::set<std::string>& names) {
  constexpr std::size_t shown = 100;
  json list = json::array();
  for (const auto& name : names) {
    if (list.size() == shown) break;
    list.push_back(name);
  }
  return list;
}

json view(const haproxy_status& h) {
  json reloads = json::array();
  for (const auto& r : h.reloads) reloads.push_back(view(r));
  return {{"mode", h.mode},
          {"reachable", h.reachable},
          {"version", h.version.empty() ? json() : json(h.version)},
          {"pid", h.pid == 0 ? json() : json(h.pid)},
          {"reload_waiting", h.waiting},
          {"refused", first_of(*h.refused)},
          {"troubles", h.troubles},
          {"reloads", std::move(reloads)},
          {"restarts", h.restarts},
          {"last_restart", h.last_restart ? json{{"at", timestamp(h.last_restart->at)},
                                                 {"after", h.last_restart->after}}
                                          : json()}};
}

/// A moment and how long ago it was; null for none.
json as_of(const std::optional<wall_time>& when, std::chrono::seconds age) {
  if (!when) return {};
  return {{"as_of", timestamp(*when)}, {"age_seconds", age.count()}};
}

}  // namespace

std::string timestamp(wall_time at) {
  using namespace std::chrono;
  const auto since = duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const std::time_t seconds = since / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const auto n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(since % 1000));
  return std::string(text.data(), n) + fraction.data();
}

json view(const model::collision& c) {
  return {{"what", model::to_string(c.what)},
          {"backend", c.backend.empty() ? json() : json(c.backend)},
          {"server", c.server.empty() ? json() : json(c.server)},
          {"route", c.route.empty() ? json() : json(c.route)},
          {"owner", c.owner},
          {"other", c.other},
          {"text", model::sentence(c)}};
}

json view(const provider_status& p) {
  json refusals = json::array();
  for (const auto& r : p.refusals) refusals.push_back({{"key", r.key}, {"reason", r.reason}});
  return {{"name", p.name},
          {"type", p.type},
          {"state", p.state},
          {"reason", p.reason},
          {"reported", p.reported},
          {"last_report", p.last_report ? json(timestamp(*p.last_report)) : json()},
          {"last_good", as_of(p.last_good, p.last_good_age)},
          {"stale", as_of(p.stale, p.stale_age)},
          {"backends", p.backends},
          {"servers", p.servers},
          {"routes", p.routes},
          {"held", p.held},
          {"collisions", p.collisions},
          {"refused", {{"count", p.refused}, {"objects", std::move(refusals)}}}};
}

json view(const apply_status& a) {
  return {{"revision", a.revision},
          {"at", timestamp(a.at)},
          {"took_ms", milliseconds(a.took)},
          {"kind", a.kind},
          {"backends", a.backends},
          {"commands", a.commands},
          {"failed_commands", a.failed_commands},
          {"repaired", a.repaired},
          {"routes", a.routes},
          {"certificates", a.certificates},
          {"haproxy_reachable", a.reachable},
          {"reloaded", a.reloaded},
          {"reload_reasons", a.reload_reasons},
          {"reload_waiting", a.waiting}};
}

json view(const reload_status& r) {
  return {{"at", timestamp(r.at)}, {"ok", r.ok}, {"message", r.message}, {"reasons", r.reasons}};
}

json view(const status& s) {
  json providers = json::array();
  for (const auto& p : s.providers) providers.push_back(view(p));
  json collisions = json::array();
  for (const auto& c : s.collisions) collisions.push_back(view(c));
  json actors = json::array();
  for (const auto& a : s.actors)
    actors.push_back({{"name", a.name}, {"running", a.running}, {"restarts", a.restarts}});
  json recent = json::array();
  for (const auto& a : s.recent) recent.push_back(view(a));
  const auto missing = not_ready(s);
  return {{"version", s.version},
          {"started", timestamp(s.started)},
          {"ready", missing.empty()},
          {"waiting", missing},
          {"degraded", degraded(s)},
          {"unresolved", s.unresolved},
          {"revision", s.revision},
          {"applied_revision", s.applied_revision},
          {"backends", s.backends},
          {"servers", s.servers},
          {"routes", s.routes},
          {"applies", s.applies},
          {"reloads", s.reloads},
          {"repaired", s.repaired},
          {"last_apply", s.last_apply ? view(*s.last_apply) : json()},
          {"recent_applies", std::move(recent)},
          {"haproxy", view(s.haproxy)},
          {"providers", std::move(providers)},
          {"collisions", {{"count", s.collision_count}, {"list", std::move(collisions)}}},
          {"holds", view(s.holds)},
          {"actors", std::move(actors)}};
}

reply json_reply(const nlohmann::json& body, int status) {
  reply r;
  r.status = status;
  r.body = body.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  return r;
}

}  // namespace switchyard::api
