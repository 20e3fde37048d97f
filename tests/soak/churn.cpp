#include "tests/soak/churn.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "model/document.hpp"

namespace switchyard::tests::soak {

namespace {

constexpr std::size_t most_servers = 8;
constexpr std::size_t most_backends = 6;

/// Whether a backend takes traffic without this server.
bool serves_without(const model::backend& b, const std::string& server) {
  return std::ranges::any_of(b.servers, [&](const auto& s) {
    return s.name != server && s.state == model::server_state::ready;
  });
}

/// The first of PREFIX1, PREFIX2 … that is not taken: names come back soon after they went.
template <typename Taken>
std::string free_name(const std::string& prefix, const Taken& taken) {
  for (unsigned i = 1;; ++i)
    if (auto name = prefix + std::to_string(i); !taken(name)) return name;
}

}  // namespace

struct churn::kind {
  const char* name;
  bool (churn::*make)();
  unsigned share;  ///< how often, against the others
};

const std::vector<churn::kind>& churn::kinds() {
  static const std::vector<kind> all{
      {"server added", &churn::add_server, 6},   {"server removed", &churn::remove_server, 6},
      {"state", &churn::set_state, 6},           {"weight", &churn::set_weight, 4},
      {"address", &churn::set_address, 4},       {"maxconn", &churn::set_maxconn, 2},
      {"backup", &churn::set_backup, 1},         {"all servers swapped", &churn::swap_servers, 2},
      {"backend added", &churn::add_backend, 2}, {"backend removed", &churn::remove_backend, 2},
      {"route added", &churn::add_route, 4},     {"route removed", &churn::remove_route, 3},
      {"route moved", &churn::move_route, 4},
  };
  return all;
}

churn::churn(std::uint32_t seed, std::vector<std::uint16_t> upstreams)
    : random_(seed), upstreams_(std::move(upstreams)) {
  model::backend first;
  first.name = default_backend;
  first.servers.push_back(new_server(first));
  first.servers.push_back(new_server(first));
  backends_.push_back(std::move(first));
}

std::size_t churn::pick(std::size_t size) {
  return std::uniform_int_distribution<std::size_t>(0, size - 1)(random_);
}

void churn::change() {
  const auto& all = kinds();
  const auto shares = std::accumulate(all.begin(), all.end(), 0U,
                                      [](unsigned n, const kind& k) { return n + k.share; });
  for (;;) {
    auto left = pick(shares);
    const auto chosen = std::ranges::find_if(all, [&](const kind& k) {
      if (left < k.share) return true;
      left -= k.share;
      return false;
    });
    if (!(this->*chosen->make)()) continue;  // not possible as things are
    ++counts_[chosen->name];
    return;
  }
}

void churn::change_settings() {
  auto& settings = any_backend().settings;
  switch (pick(3)) {
    case 0:
      settings.balance = static_cast<model::balance_algorithm>(
          (static_cast<std::size_t>(settings.balance) + 1 + pick(4)) % 5);
      break;
    case 1:
      settings.protocol = static_cast<model::server_protocol>(
          (static_cast<std::size_t>(settings.protocol) + 1 + pick(2)) % 3);
      break;
    default:
      settings.check.interval += std::chrono::milliseconds(1);
  }
  ++counts_["settings"];
}

std::string churn::document() const {
  auto document = nlohmann::json::object();
  document["backends"] = nlohmann::json::array();
  document["routes"] = nlohmann::json::array();
  for (const auto& b : backends_) document["backends"].push_back(model::encode(b));
  for (const auto& r : routes_) document["routes"].push_back(model::encode(r));
  return document.dump();
}

std::uint64_t churn::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0},
                         [](auto n, const auto& entry) { return n + entry.second; });
}

// -- servers --

model::backend& churn::any_backend() {
  return backends_[pick(backends_.size())];
}

model::server& churn::any_server() {
  auto& servers = any_backend().servers;
  return servers[pick(servers.size())];
}

/// A server on a random upstream, under a name that the backend does not have.
model::server churn::new_server(const model::backend& into) {
  model::server s;
  s.name = free_name("s", [&](const std::string& name) { return into.find(name) != nullptr; });
  s.address = "127.0.0.1";
  s.port = upstreams_[pick(upstreams_.size())];
  return s;
}

bool churn::add_server() {
  auto& b = any_backend();
  if (b.servers.size() >= most_servers) return false;
  b.servers.push_back(new_server(b));
  model::sort_servers(b.servers);
  return true;
}

bool churn::remove_server() {
  auto& b = any_backend();
  const auto at = b.servers.begin() + static_cast<std::ptrdiff_t>(pick(b.servers.size()));
  if (!serves_without(b, at->name)) return false;
  b.servers.erase(at);
  return true;
}

bool churn::set_state() {
  auto& b = any_backend();
  auto& s = b.servers[pick(b.servers.size())];
  if (!serves_without(b, s.name)) return false;
  s.state = static_cast<model::server_state>((static_cast<std::size_t>(s.state) + 1 + pick(2)) % 3);
  return true;
}

bool churn::set_weight() {
  // Weight 0 takes no traffic, which is what states are for here.
  any_server().weight = static_cast<std::uint16_t>(1 + pick(model::max_weight));
  return true;
}

bool churn::set_address() {
  auto& s = any_server();
  const auto before = std::exchange(s.port, upstreams_[pick(upstreams_.size())]);
  return s.port != before;
}

bool churn::set_maxconn() {
  static constexpr std::array<std::uint32_t, 4> values{0, 5, 20, 100};
  auto& s = any_server();
  const auto before = std::exchange(s.maxconn, values.at(pick(values.size())));
  return s.maxconn != before;
}

bool churn::set_backup() {
  auto& s = any_server();
  s.backup = !s.backup;
  return true;
}

/// Others in place of all servers, as a new release of a service brings them.
bool churn::swap_servers() {
  auto& b = any_backend();
  std::vector<model::server> next{new_server(b)};
  auto both = b;
  both.servers.push_back(next.front());
  model::sort_servers(both.servers);
  next.push_back(new_server(both));
  model::sort_servers(next);
  b.servers = std::move(next);
  return true;
}

// -- backends --

bool churn::add_backend() {
  if (backends_.size() >= most_backends) return false;
  model::backend b;
  b.name = free_name("b", [&](const std::string& name) {
    return std::ranges::any_of(backends_, [&](const auto& other) { return other.name == name; });
  });
  b.servers.push_back(new_server(b));
  b.servers.push_back(new_server(b));
  model::sort_servers(b.servers);
  backends_.push_back(std::move(b));
  // In the same document as the backend, as a team would do it.
  if (auto route = free_route()) {
    route->backend = backends_.back().name;
    routes_.push_back(*std::move(route));
  }
  return true;
}

bool churn::remove_backend() {
  if (backends_.size() < 2) return false;
  const auto at = backends_.begin() + 1 + static_cast<std::ptrdiff_t>(pick(backends_.size() - 1));
  std::erase_if(routes_, [&](const auto& r) { return r.backend == at->name; });
  backends_.erase(at);
  return true;
}

// -- routes --

/// A host and path that have no route yet, as far as a few tries find one.
std::optional<model::route> churn::free_route() {
  for (int i = 0; i < 10; ++i) {
    model::route r;
    r.host = "h" + std::to_string(pick(hosts)) + ".test";
    const auto path = pick(paths + 1);
    r.path = path == paths ? "/" : "/p" + std::to_string(path);
    const bool taken = std::ranges::any_of(
        routes_, [&](const auto& other) { return other.host == r.host && other.path == r.path; });
    if (!taken) return r;
  }
  return std::nullopt;
}

bool churn::add_route() {
  auto route = free_route();
  if (!route) return false;
  route->backend = any_backend().name;
  routes_.push_back(*std::move(route));
  return true;
}

bool churn::remove_route() {
  if (routes_.empty()) return false;
  routes_.erase(routes_.begin() + static_cast<std::ptrdiff_t>(pick(routes_.size())));
  return true;
}

bool churn::move_route() {
  if (routes_.empty()) return false;
  auto& route = routes_[pick(routes_.size())];
  const auto before = std::exchange(route.backend, any_backend().name);
  return route.backend != before;
}

}  // namespace switchyard::tests::soak
