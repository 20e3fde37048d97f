#pragma once

// A hold: removals that the guard has stopped, waiting for approval or for the source to bring back
// what is missing. Plain values.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/places.hpp"

namespace switchyard::model {

using wall_time = std::chrono::system_clock::time_point;

enum class hold_cause {
  share,        ///< a provider would lose too many of its servers at once
  route_share,  ///< likewise of its routes
  last,         ///< a provider would lose its last ready servers
  last_route,   ///< likewise its last routes
  last_server,  ///< a backend that something leads to would lose its last ready server
};

/// "max_removed", "max_removed_routes", "last", "last_route", "last_server": what made the guard
/// hold, in JSON.
std::string_view to_string(hold_cause value);

struct hold {
  std::uint64_t id = 0;  ///< 1, 2, 3 …; never given twice, also over a restart
  std::string provider;
  std::string backend;  ///< the one that is concerned; "" for the provider as a whole
  hold_cause cause = hold_cause::share;
  std::size_t lost = 0;  ///< servers (or routes) that would be lost, as it was when this tripped
  std::size_t of = 0;    ///< so many it had
  wall_time since{};
  bool rejected = false;  ///< an operator has decided to keep what is held

  /// What is held, as long as it is missing in the source: servers by backend, routes.
  std::map<std::string, std::set<std::string>> servers;
  std::set<place> routes;
  /// Of the backends in `servers`, those that the source has not at all.
  std::set<std::string> absent;

  /// How many servers are held.
  std::size_t server_count() const;
  bool empty() const { return servers.empty() && routes.empty(); }

  bool operator==(const hold&) const = default;
};

/// What would have happened, as a part of a sentence: "provider db would lose 60 of 80 servers".
std::string what_of(const hold& h);

/// What is held: "12 servers", "12 servers and 1 route", "1 route".
std::string content_of(const hold& h);

}  // namespace switchyard::model
