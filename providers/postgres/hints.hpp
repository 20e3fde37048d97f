#pragma once

// What notifications ask to be read again.
//
// A payload is a hint, never data: a valid backend name, `backend/server`, one of the words below,
// or anything else, which asks for everything. The slash and the words' characters are in no valid
// name. Pure.

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/backend.hpp"

namespace switchyard::providers::postgres {

constexpr std::string_view hint_everything = "*";
constexpr std::string_view hint_routes = "/routes";
/// Begins the tokens by which a switchyard proves its channel; they ask for nothing.
constexpr std::string_view proof_prefix = "/proof/";

/// Past so many backends everything is read instead.
constexpr std::size_t most_named_backends = 5000;
/// Past so many servers of one backend all of it is read instead.
constexpr std::size_t most_named_servers = 200;

struct hints {
  bool everything = false;
  bool routes = false;
  std::set<std::string> backends;
  /// Servers by backend; none of a backend that is to be read as a whole.
  std::map<std::string, std::set<std::string>> servers;

  bool empty() const { return !everything && !routes && backends.empty() && servers.empty(); }

  void add(std::string_view payload) {
    if (payload.starts_with(proof_prefix)) return;
    const auto slash = payload.find('/');
    if (payload == hint_routes)
      routes = true;
    else if (slash == std::string_view::npos)
      add_backend(payload);
    else
      add_server(payload.substr(0, slash), payload.substr(slash + 1));
  }

  void add_backend(std::string_view name) {
    if (!model::valid_name(name) || !has_room(std::string(name))) {
      everything = true;
      return;
    }
    servers.erase(std::string(name));
    backends.emplace(name);
  }

  void add_server(std::string_view backend, std::string_view name) {
    const std::string owner(backend);
    if (!model::valid_name(backend) || !model::valid_name(name) || !has_room(owner)) {
      everything = true;
      return;
    }
    if (backends.contains(owner)) return;
    auto& named = servers[owner];
    named.emplace(name);
    if (named.size() > most_named_servers) add_backend(backend);
  }

  /// The same with each server's whole backend in its place.
  hints whole_backends() const {
    hints result{everything, routes, backends, {}};
    for (const auto& [backend, names] : servers) result.backends.insert(backend);
    return result;
  }

  /// As payloads ask for them.
  std::vector<std::string> server_keys() const {
    std::vector<std::string> keys;
    for (const auto& [backend, names] : servers)
      for (const auto& name : names) keys.push_back(backend + '/' + name);
    return keys;
  }

 private:
  bool has_room(const std::string& backend) const {
    return backends.size() + servers.size() < most_named_backends || backends.contains(backend) ||
           servers.contains(backend);
  }
};

}  // namespace switchyard::providers::postgres
