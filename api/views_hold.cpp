#include "api/views.hpp"

namespace switchyard::api {

using nlohmann::json;

json view(const hold_status& h) {
  json servers = json::array(), routes = json::array();
  for (const auto& [backend, name] : h.servers)
    servers.push_back({{"backend", backend}, {"name", name}});
  for (const auto& [host, path] : h.routes) routes.push_back({{"host", host}, {"path", path}});
  return {{"id", h.id},
          {"provider", h.provider},
          {"backend", h.backend.empty() ? json() : json(h.backend)},
          {"cause", h.cause},
          {"what", h.what},
          {"lost", h.lost},
          {"of", h.of},
          {"since", timestamp(h.since)},
          {"expires", h.expires ? json(timestamp(*h.expires)) : json()},
          {"rejected", h.rejected},
          {"servers", {{"count", h.server_count}, {"list", std::move(servers)}}},
          {"routes", {{"count", h.route_count}, {"list", std::move(routes)}}}};
}

json view(const hold_list& all) {
  json holds = json::array();
  for (const auto& h : all.holds) holds.push_back(view(h));
  return {{"count", all.count}, {"list", std::move(holds)}};
}

json view(const decision_result& d) {
  const auto& w = d.written;
  return {{"hold", view(d.hold)},
          {"revision", w.revision == 0 ? json() : json(w.revision)},
          {"applied", w.applied},
          {"apply", w.pass ? view(*w.pass) : json()},
          {"waiting", w.waiting}};
}

}  // namespace switchyard::api
