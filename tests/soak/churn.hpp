#pragma once

// Random changes of backends, servers and routes, none of which may cost a request: every backend
// has a server that takes traffic at every moment.
//
// Pure and repeatable: the same seed gives the same changes. Threading: one thread.

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "model/backend.hpp"

namespace switchyard::tests::soak {

/// The backend that takes what no route takes; it is always there.
constexpr const char* default_backend = "api-backend";
/// Hosts `h0.test`, `h1.test` … and paths `/p0`, `/p1` … that routes are made of.
constexpr unsigned hosts = 12;
constexpr unsigned paths = 3;

class churn {
 public:
  /// Servers of the changes listen on these ports of 127.0.0.1; two at least.
  churn(std::uint32_t seed, std::vector<std::uint16_t> upstreams);

  /// Makes one change of servers, routes or backends.
  void change();
  /// Changes a setting of a backend, which costs a reload on every HAProxy.
  void change_settings();

  /// What is desired now, as the file provider reads it.
  std::string document() const;
  const std::vector<model::backend>& backends() const { return backends_; }
  const std::vector<model::route>& routes() const { return routes_; }

  /// How many changes of which kind there were.
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
  std::uint64_t total() const;

 private:
  struct kind;
  static const std::vector<kind>& kinds();

  bool add_server();
  bool remove_server();
  bool set_state();
  bool set_weight();
  bool set_address();
  bool set_maxconn();
  bool set_backup();
  bool swap_servers();
  bool add_backend();
  bool remove_backend();
  bool add_route();
  bool remove_route();
  bool move_route();

  std::size_t pick(std::size_t size);
  model::backend& any_backend();
  model::server& any_server();
  model::server new_server(const model::backend& into);
  std::optional<model::route> free_route();

  std::mt19937 random_;
  std::vector<std::uint16_t> upstreams_;
  std::vector<model::backend> backends_;
  std::vector<model::route> routes_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace switchyard::tests::soak
