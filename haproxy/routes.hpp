#pragma once

// Routes as entries of one HAProxy map: what frontends look up, and how the map is changed.
//
// A key is the route's host and path with a slash behind it; a frontend looks "host/path/" up with
// map_beg, which finds the longest key that the text begins with (measured on 2.6 and 3.x), so a
// path is a prefix by whole segments. It asks three times, the most specific host first: the host
// itself, the host with its first label replaced by "*", no host at all. Pure.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/outcome.hpp"
#include "haproxy/commands.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

/// Key → backend, as they stand in the map.
using route_entries = std::map<std::string, std::string>;

/// The value of a route whose backend HAProxy does not have: the frontend answers 503.
inline constexpr std::string_view no_backend = "*";

/// Where the map of a configuration file lies: "haproxy.cfg" → "haproxy.routes.map" beside it.
std::string map_beside(const std::string& config_file);

/// "api.example.com/v1/".
std::string route_key(const model::route& route);

/// An entry that is another one now. "" for none.
struct route_change {
  std::string key;
  std::string from;
  std::string to;

  bool operator==(const route_change&) const = default;
};

/// What turns the one map into the other.
std::vector<route_change> changes_between(const route_entries& before, const route_entries& after);

/// "route api.example.com/v1 leads to api, no longer to old".
std::string words_of(const route_change& change);

enum class backend_presence {
  running,  ///< HAProxy has it
  coming,   ///< desired, and HAProxy will have it after a reload
  unknown,
};
using presence_of = std::function<backend_presence(const std::string& backend)>;

/// The entries that a map shall have. A route to a backend that is still to come stays what it is
/// in `actual`, as long as that leads somewhere: additions come before the routes that lead to
/// them. What cannot be said to HAProxy is left out; decoders refuse it by name.
route_entries wanted_entries(const std::vector<model::route>& routes, const presence_of& presence,
                             const route_entries& actual);

/// The map file: one entry a line.
std::string map_text(const route_entries& entries);
/// Reads what map_text() wrote. errc::invalid names the line.
base::outcome<route_entries> parse_map_text(std::string_view text);

/// `show map FILE`. A key that is there more than once with different values gets the value "",
/// which no route has. errc::not_found: HAProxy has loaded no such map; errc::protocol.
base::outcome<route_entries> parse_map(std::string_view reply);

/// The words of HAProxy's log for "New version created: N". errc::refused.
base::outcome<std::string> parse_new_version(std::string_view reply);

/// What turns the one into the other, additions and changes first, so that no request falls back to
/// a less specific route in between. errc::invalid: a key or value that must not reach HAProxy.
base::outcome<std::vector<command>> plan_routes(const std::string& map, const route_entries& actual,
                                                const route_entries& wanted);

/// Every entry, for a version of the map that `prepare map` made.
base::outcome<std::vector<command>> plan_whole_map(const std::string& map,
                                                   const std::string& version,
                                                   const route_entries& wanted);

/// Whether the map can be named in an expression of the configuration and on the runtime API.
bool plain_map(std::string_view map);

/// The lines of a frontend that choose the backend by this map. errc::invalid: a path that cannot
/// stand in an expression of the configuration or in a runtime command.
base::outcome<std::string> routing_lines(const std::string& map);

}  // namespace switchyard::haproxy
