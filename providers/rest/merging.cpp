#include "providers/rest/merging.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "model/json_reader.hpp"

namespace switchyard::providers::rest {

namespace {

/// Whose a server or a route is, and where it stands among those that are kept.
struct owned {
  std::string part;
  std::optional<std::size_t> index;  // nothing: its owner's could not be read
};

/// One backend as it grows.
struct growing {
  model::backend value;
  model::backend_event event;           // without the value
  std::string settings_of;              // the part whose settings it has
  std::map<std::string, owned> owners;  // of its servers
};

class merger {
 public:
  explicit merger(bool several) : several_(several) {
    result_.full = true;
    result_.routes.emplace();
  }

  void add(const part& from) {
    for (const auto& r : from.view->refused) refuse(from, r.key, r.reason);
    for (const auto& [name, event] : from.view->backends)
      if (event.value) add_backend(from, name, event);
    for (const auto& place : from.view->refused_routes)
      if (routes_.emplace(place, owned{from.name, {}}).second) result_.refused_routes.insert(place);
    if (from.view->routes)
      for (const auto& route : *from.view->routes) add_route(from, route);
  }

  model::report take() {
    for (auto& [name, one] : backends_) {
      for (const auto& [server, owner] : one.owners) one.event.refused_servers.erase(server);
      model::sort_servers(one.value.servers);
      one.event.value = std::make_shared<const model::backend>(std::move(one.value));
      result_.backends.emplace(name, std::move(one.event));
    }
    return std::move(result_);
  }

 private:
  void refuse(const part& from, const std::string& key, std::string reason) {
    result_.refused.push_back({several_ ? from.name + ": " + key : key, std::move(reason)});
  }
  /// "… is in URL already, the one in URL is not used".
  std::string taken(const std::string& what, const std::string& owner, const part& from) const {
    return what + " is in " + owner + " and differs, the one in " + from.name + " is not used";
  }

  void add_backend(const part& from, const std::string& name, const model::backend_event& event) {
    const auto [at, first] = backends_.try_emplace(name);
    auto& one = at->second;
    if (first) {
      one.value.name = name;
      one.value.settings = event.value->settings;
      one.event.settings_refused = event.settings_refused;
      one.settings_of = from.name;
    } else if (!event.settings_refused && !(event.value->settings == one.value.settings)) {
      refuse(from, "/backends",
             taken("the settings of backend " + model::quoted(name), one.settings_of, from));
    }
    one.event.servers_refused = one.event.servers_refused || event.servers_refused;
    one.event.refused_servers.insert(event.refused_servers.begin(), event.refused_servers.end());
    for (const auto& server : event.value->servers) add_server(from, one, server);
  }

  void add_server(const part& from, growing& one, const model::server& server) {
    const auto [owner, first] =
        one.owners.emplace(server.name, owned{from.name, one.value.servers.size()});
    if (first) {
      one.value.servers.push_back(server);
      return;
    }
    if (!(one.value.servers[*owner->second.index] == server))
      refuse(from, "/backends",
             taken("server " + model::quoted(server.name) + " of backend " +
                       model::quoted(one.value.name),
                   owner->second.part, from));
  }

  void add_route(const part& from, const model::route& route) {
    const auto [owner, first] = routes_.emplace(std::pair(route.host, route.path),
                                                owned{from.name, result_.routes->size()});
    if (first) {
      result_.routes->push_back(route);
      return;
    }
    const auto& [part, index] = owner->second;
    if (index && !((*result_.routes)[*index] == route))
      refuse(from, "/routes",
             taken("the route of host " + model::quoted(route.host) + " and path " +
                       model::quoted(route.path),
                   part, from));
  }

  bool several_;
  model::report result_;
  std::map<std::string, growing> backends_;
  std::map<std::pair<std::string, std::string>, owned> routes_;
};

}  // namespace

model::report merge(const std::vector<part>& parts) {
  if (parts.size() == 1) return *parts.front().view;
  merger all(true);
  for (const auto& one : parts) all.add(one);
  return all.take();
}

}  // namespace switchyard::providers::rest
