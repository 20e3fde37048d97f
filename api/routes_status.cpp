// /healthz, /readyz and /v1/status.

#include <algorithm>

#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/views.hpp"

namespace switchyard::api {

void add_health(router& to, service& from) {
  to.add("GET", "/healthz", [](const request&) { return json_reply({{"status", "ok"}}); });
  to.add("GET", "/readyz", [&from](const request&) {
    const auto s = from.get_status();
    if (!s) return json_reply({{"status", "waiting"}, {"waiting", {s.error().message}}}, 503);
    const auto missing = not_ready(*s);
    if (!missing.empty()) return json_reply({{"status", "waiting"}, {"waiting", missing}}, 503);
    return json_reply({{"status", "ready"}, {"degraded", degraded(*s)}});
  });
}

void add_status(router& to, service& from) {
  to.add("GET", "/v1/status", [&from](const request&) {
    const auto s = from.get_status();
    return s ? json_reply(view(*s)) : problem(s.error());
  });
}

}  // namespace switchyard::api
