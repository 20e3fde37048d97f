#include "providers/redis/book.hpp"

#include <algorithm>
#include <memory>

#include "model/document_text.hpp"

namespace switchyard::providers::redis {

namespace {

/// Sets or removes; whether that made a difference.
template <class Map, class Value>
bool replace(Map& map, const std::string& key, std::optional<Value> value) {
  const auto at = map.find(key);
  if (!value) return at != map.end() && (map.erase(at), true);
  if (at != map.end() && at->second == *value) return false;
  map.insert_or_assign(key, std::move(*value));
  return true;
}

}  // namespace

void book::put(const std::string& key, const content& value) {
  if (value.is == content::type::none)
    keys_.erase(key);
  else
    keys_.insert(key);
  const auto name = parse_key(key);
  if (!name) return put_stray(key, value, name.error().message);
  switch (name->kind) {
    case key_kind::backend:
      return put_settings(*name, value);
    case key_kind::server:
      return put_server(*name, value);
    case key_kind::route:
      return put_route(key, *name, value);
  }
}

void book::put_settings(const key_name& name, const content& value) {
  std::optional<reading<model::backend_settings>> now;
  if (value.is != content::type::none) {
    model::problems found;
    auto settings = read_settings(name, value, depth_, found);
    now = {std::move(settings), reason_of(found)};
  }
  auto& target = backends_[name.backend];
  if (target.settings != now) changed_backends_.insert(name.backend);
  target.settings = std::move(now);
  if (!target.settings && target.servers.empty()) backends_.erase(name.backend);
}

void book::put_server(const key_name& name, const content& value) {
  std::optional<reading<model::server>> now;
  if (value.is != content::type::none) {
    model::problems found;
    auto server = read_server(name, value, depth_, found);
    now = {std::move(server), reason_of(found)};
  }
  auto& target = backends_[name.backend];
  if (replace(target.servers, name.server, std::move(now))) changed_backends_.insert(name.backend);
  if (!target.settings && target.servers.empty()) backends_.erase(name.backend);
}

void book::put_route(const std::string& key, const key_name& name, const content& value) {
  std::optional<route_entry> now;
  if (value.is != content::type::none) {
    model::problems found;
    now.emplace();
    now->value = read_route(name, value, found);
    now->reason = reason_of(found);
    auto host = model::canonical_route_host(name.host);
    auto path = model::canonical_route_path(name.path);
    if (host && path) now->place.emplace(std::move(*host), std::move(*path));
  }
  if (replace(routes_, key, std::move(now))) routes_changed_ = true;
}

void book::put_stray(const std::string& key, const content& value, const std::string& reason) {
  std::optional<std::string> now;
  if (value.is != content::type::none) now = reason;
  if (replace(strays_, key, std::move(now))) changed_strays_.insert(key);
}

std::string book::shown(std::string_view kind, const std::string& rest) const {
  return shown_key(prefix_ + std::string(kind) + rest);
}

void book::add_backend(const std::string& name, model::report& into) const {
  auto& event = into.backends[name];
  const auto at = backends_.find(name);
  if (at == backends_.end()) return;
  const auto& [settings, servers] = at->second;
  model::backend value{name, {}, {}};
  if (settings && settings->value) value.settings = *settings->value;
  if (settings && !settings->value) {
    event.settings_refused = true;
    into.refused.push_back({shown("backend:", name), settings->reason, name});
  }
  for (const auto& [server, read] : servers) {  // by name, as backend::servers promises
    if (read.value) {
      value.servers.push_back(*read.value);
    } else {
      event.refused_servers.insert(server);
      into.refused.push_back({shown("server:", name + ':' + server), read.reason, name, server});
    }
  }
  event.value = std::make_shared<const model::backend>(std::move(value));
}

void book::refuse_route(model::report& into, const std::string& key,
                        const std::string& reason) const {
  into.refused.push_back({shown("", key), reason, "", "", true});
}

void book::add_routes(model::report& into) const {
  auto& routes = into.routes.emplace();
  std::map<std::pair<std::string, std::string>, std::string> places;  // → key
  for (const auto& [key, route] : routes_) {
    if (route.place) {
      const auto [first, fresh] = places.emplace(*route.place, key);
      if (!fresh) {
        refuse_route(
            into, key,
            "names the same host and path as " + shown("", first->second) + ": delete one");
        continue;
      }
    }
    if (route.value)
      routes.push_back(*route.value);
    else
      refuse_route(into, key, route.reason);
    if (!route.value && route.place) into.refused_routes.insert(*route.place);
  }
  std::ranges::sort(routes);
}

model::report book::changes() {
  model::report result;
  for (const auto& name : changed_backends_) add_backend(name, result);
  if (routes_changed_) add_routes(result);
  for (const auto& key : changed_strays_)
    if (const auto at = strays_.find(key); at != strays_.end())
      result.refused.push_back({shown("", key), at->second});
    else
      result.gone_refusals.insert(shown("", key));
  changed_backends_.clear();
  changed_strays_.clear();
  routes_changed_ = false;
  return result;
}

model::report book::everything() {
  model::report result;
  result.full = true;
  for (const auto& backend : backends_) add_backend(backend.first, result);
  add_routes(result);
  for (const auto& [key, reason] : strays_) result.refused.push_back({shown("", key), reason});
  changed_backends_.clear();
  changed_strays_.clear();
  routes_changed_ = false;
  return result;
}

model::report book::only(const std::string& backend) const {
  model::report result;
  add_backend(backend, result);
  return result;
}

}  // namespace switchyard::providers::redis
