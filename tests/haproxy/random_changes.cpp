#include "tests/haproxy/random_changes.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <ostream>

#include "tests/haproxy/gateway_sites.hpp"

namespace switchyard::tests {

namespace {

using kind = random_change::kind;

constexpr unsigned most_servers = 5;
constexpr std::array backend_names{"web", "shop", "api", "old"};
constexpr std::array paths{"/", "/v1", "/v1/x", "/shop"};

std::shared_ptr<const std::vector<model::route>> list_of(
    const std::map<std::string, model::route>& routes) {
  std::vector<model::route> list;
  for (const auto& [key, route] : routes) list.push_back(route);
  std::ranges::sort(list);
  return std::make_shared<const std::vector<model::route>>(std::move(list));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const random_change& change) {
  constexpr std::array names{
      "add server",  "remove server",  "weight",   "state",  "address",   "maxconn",     "backup",
      "add backend", "remove backend", "settings", "sticky", "add route", "remove route"};
  return out << names.at(static_cast<std::size_t>(change.what)) << " " << change.backend << "/"
             << change.server << "=" << change.value;
}

random_state::random_state(std::vector<std::uint16_t> ports) : ports_(std::move(ports)) {
  auto web = backend_of("web", {local_server("s0", ports_[0]), local_server("s1", ports_[1])});
  backends_.emplace("web", std::move(web));
}

std::vector<model::backend> random_state::backends() const {
  std::vector<model::backend> all;
  for (const auto& [name, b] : backends_) all.push_back(b);
  return all;
}

model::backend& random_state::pick(unsigned number) {
  return std::next(backends_.begin(), static_cast<std::ptrdiff_t>(number % backends_.size()))
      ->second;
}

void random_state::make(const random_change& c) {
  const std::string name = backend_names.at(c.backend % backend_names.size());
  switch (c.what) {
    case kind::add_backend:
      if (!backends_.contains(name)) {
        auto fresh = backend_of(name, {local_server("s0", ports_[0])});
        if (c.value % 2 == 1) change_settings(fresh, c.value);
        backends_.emplace(name, std::move(fresh));
      }
      return;
    case kind::remove_backend:
      if (backends_.size() > 1) backends_.erase(name);
      return;
    case kind::settings:
      return change_settings(pick(c.backend), c.value);
    case kind::sticky: {
      auto& sticky = pick(c.backend).settings.sticky;
      sticky = sticky ? std::nullopt : std::optional(model::sticky_settings{"visitor"});
      return;
    }
    case kind::add_route:
    case kind::remove_route:
      return change_routes(c);
    default:
      return change_server(c);
  }
}

void random_state::change_settings(model::backend& b, unsigned value) {
  auto& s = b.settings;
  switch (value % 4) {
    case 0:
      s.balance = s.balance == model::balance_algorithm::leastconn
                      ? model::balance_algorithm::roundrobin
                      : model::balance_algorithm::leastconn;
      break;
    case 1:
      s.check.type =
          s.check.type == model::check_type::tcp ? model::check_type::none : model::check_type::tcp;
      break;
    case 2:
      s.timeouts.server = std::chrono::seconds(1 + value % 7);
      break;
    default:
      s.protocol = s.protocol == model::server_protocol::h1 ? model::server_protocol::automatic
                                                            : model::server_protocol::h1;
  }
}

void random_state::change_routes(const random_change& c) {
  const std::string path = paths.at(c.server % paths.size());
  if (c.what == kind::remove_route)
    routes_.erase(path);
  else
    routes_[path] = {c.value % 2 == 0 ? "" : "a.example.com", path,
                     backend_names.at(c.backend % backend_names.size())};
}

void random_state::change_server(const random_change& c) {
  auto& servers = pick(c.backend).servers;
  const auto name = "s" + std::to_string(c.server % most_servers);
  const auto at = std::ranges::find(servers, name, &model::server::name);
  if (c.what == kind::add_server || at == servers.end()) {
    if (at != servers.end()) return;
    auto fresh = local_server(name, ports_[c.value % ports_.size()]);
    fresh.backup = c.value % 5 == 0;
    fresh.maxconn = c.value % 3 == 0 ? 10 : 0;
    servers.push_back(std::move(fresh));
    return model::sort_servers(servers);
  }
  constexpr std::array states{model::server_state::ready, model::server_state::drain,
                              model::server_state::maint};
  if (c.what == kind::remove_server) servers.erase(at);
  if (c.what == kind::weight) at->weight = static_cast<std::uint16_t>(c.value % 257);
  if (c.what == kind::state) at->state = states.at(c.value % states.size());
  if (c.what == kind::address) at->port = ports_[c.value % ports_.size()];
  if (c.what == kind::maxconn) at->maxconn = c.value % 50;
  if (c.what == kind::backup) at->backup = !at->backup;
}

haproxy::apply_request random_state::whole() const {
  haproxy::apply_request request;
  request.full = request.complete = true;
  for (const auto& [name, b] : backends_) request.changes.push_back(change(b));
  request.routes = list_of(routes_);
  return request;
}

haproxy::apply_request random_state::changes() {
  haproxy::apply_request request;
  request.complete = true;
  for (const auto& [name, b] : backends_) {
    const auto told = told_.find(name);
    if (told == told_.end() || told->second != b) request.changes.push_back(change(b));
  }
  for (const auto& [name, b] : told_)
    if (!backends_.contains(name)) request.changes.push_back({name, nullptr});
  if (routes_ != told_routes_) request.routes = list_of(routes_);
  told_ = backends_;
  told_routes_ = routes_;
  return request;
}

}  // namespace switchyard::tests
