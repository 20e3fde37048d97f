#include "generated.hpp"

namespace switchyard::tests {

using namespace model;
using std::chrono::milliseconds;

model::server generator::server(std::string name) {
  const auto n = std::to_string(1 + number(250));
  return {std::move(name),
          coin() ? "10.0.0." + n : "2001:db8::" + n,
          static_cast<std::uint16_t>(1 + number(65535)),
          static_cast<std::uint16_t>(number(257)),
          static_cast<server_state>(number(3)),
          coin(),
          number(1000)};
}

backend_settings generator::settings() {
  backend_settings s;
  s.mode = static_cast<proxy_mode>(number(2));
  const bool http = s.mode == proxy_mode::http;
  s.balance = static_cast<balance_algorithm>(number(http ? 5 : 4));
  s.protocol = http ? static_cast<server_protocol>(number(3)) : server_protocol::automatic;
  s.tls = {coin(), static_cast<tls_verify>(number(2)), {}};
  if (coin()) s.tls.sni = "h" + std::to_string(number(9)) + ".example.com";
  s.check = {static_cast<check_type>(number(3)), coin() ? "/" : "/health?deep=1",
             milliseconds(100 + number(3'599'901)), 1 + number(100), 1 + number(100)};
  if (coin()) s.timeouts.connect = milliseconds(1 + number(2'073'600'000));
  if (coin()) s.timeouts.server = milliseconds(1000 * (1 + number(2'073'600)));
  if (coin()) s.timeouts.tunnel = milliseconds(60'000 * (1 + number(34'560)));
  if (http && coin()) s.sticky = sticky_settings{"SRV" + std::to_string(number(3))};
  if (coin()) s.slowstart = milliseconds(1000 * (1 + number(3600)));
  return s;
}

model::backend generator::backend(std::string name) {
  model::backend b{std::move(name), settings(), {}};
  for (char c = 'a'; c < 'e'; ++c)
    if (coin()) b.servers.push_back(server(std::string(1, c)));
  return b;
}

model::route generator::route() {
  constexpr const char* hosts[] = {"", "a.example", "*.example"};
  constexpr const char* paths[] = {"/", "/v1", "/v1/x"};
  return {hosts[number(3)], paths[number(3)], "b" + std::to_string(number(3))};
}

backend_event generator::event(const std::string& name) {
  if (number(4) == 0) return {};
  auto b = backend(name);
  backend_event e;
  if (number(4) == 0) {
    e.settings_refused = true;
    b.settings = {};
  }
  if (number(4) == 0) {
    e.servers_refused = true;
    b.servers.clear();
  }
  for (char c = 'a'; c < 'e'; ++c)
    if (!e.servers_refused && !b.find(std::string(1, c)) && number(3) == 0)
      e.refused_servers.insert(std::string(1, c));
  e.value = std::make_shared<const model::backend>(std::move(b));
  return e;
}

model::report generator::report() {
  model::report r;
  r.full = number(3) == 0;
  for (const auto* name : {"b0", "b1", "b2"})
    if (coin()) r.backends.emplace(name, event(name));
  if (number(3) == 0) return r;
  r.routes.emplace();
  std::set<place> seen;
  for (int i = 0; i < 4; ++i) {
    const auto candidate = route();
    if (!seen.emplace(candidate.host, candidate.path).second) continue;
    if (number(3) == 0)
      r.refused_routes.emplace(candidate.host, candidate.path);
    else
      r.routes->push_back(candidate);
  }
  if (number(3) > 0) return r;
  r.gone_routes.emplace();
  for (int i = 0; i < 3; ++i) {
    const auto candidate = route();
    if (place at(candidate.host, candidate.path); !seen.contains(at))
      r.gone_routes->insert(std::move(at));
  }
  return r;
}

}  // namespace switchyard::tests
