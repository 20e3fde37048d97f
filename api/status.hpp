#pragma once

// What switchyard knows of itself, as the API, metrics and the dashboard show it. Plain values;
// lists that could grow without end are cut, with the whole number beside them.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/desired_state.hpp"
#include "model/event.hpp"

namespace switchyard::api {

using wall_time = std::chrono::system_clock::time_point;

struct provider_status {
  std::string name;
  std::string type;                  ///< "postgres", as in the settings
  std::string state = "connecting";  ///< connecting | live | degraded
  std::string reason;                ///< a sentence for the operator, or ""
  bool reported = false;             ///< it has given a full view
  std::optional<wall_time> last_report;
  std::optional<wall_time> last_good;  ///< not reported yet: the view of that time is served
  std::chrono::seconds last_good_age{0};
  std::optional<wall_time> stale;  ///< not followed, nor read whole, since; longer than stale_after
  std::chrono::seconds stale_age{0};
  std::size_t backends = 0;
  std::size_t servers = 0;
  std::size_t routes = 0;
  std::size_t held = 0;        ///< servers that the source has no more, and the guard keeps
  std::size_t collisions = 0;  ///< backends, servers or routes that another provider names, too
  std::size_t refused = 0;     ///< objects that were not taken
  std::vector<model::refusal> refusals;  ///< the first of them

  bool operator==(const provider_status&) const = default;
};

/// A view that nobody has vouched for in that time is told of as stale.
constexpr std::chrono::seconds stale_after = std::chrono::minutes(5);

/// One pass of the writer that did something.
struct apply_status {
  std::uint64_t revision = 0;
  wall_time at{};  ///< when it was done
  std::chrono::microseconds took{0};
  std::string kind;                   ///< changes | reconcile | later (drains, saves, due reloads)
  std::vector<std::string> backends;  ///< that were looked at, the first of them; none for all
  unsigned commands = 0;              ///< runtime commands that succeeded
  unsigned failed_commands = 0;
  unsigned repaired = 0;   ///< of the commands, those that a reconcile found necessary
  std::size_t routes = 0;  ///< entries of the map that were changed
  unsigned certificates = 0;
  bool reachable = true;
  bool reloaded = false;
  std::vector<std::string> reload_reasons;  ///< of that reload
  std::vector<std::string> waiting;         ///< of a reload that is still to come

  bool operator==(const apply_status&) const = default;
};

struct reload_status {
  wall_time at{};
  bool ok = true;
  std::string message;  ///< how long it took, or why HAProxy refused
  std::vector<std::string> reasons;

  bool operator==(const reload_status&) const = default;
};

/// HAProxy had ended by itself, and was started again.
struct restart_status {
  wall_time at{};     ///< when it ran again
  std::string after;  ///< how it had ended: "SIGSEGV", "exit code 1"

  bool operator==(const restart_status&) const = default;
};

struct haproxy_status {
  std::string mode;  ///< managed | attached
  bool reachable = false;
  std::string version;               ///< "" as long as it was never reached
  int pid = 0;                       ///< of the worker that is talked to
  std::vector<std::string> waiting;  ///< reasons of a reload that is still to come
  /// The backends that it is to bring, each with its reason; not in the view.
  std::shared_ptr<const std::map<std::string, std::string>> awaiting =
      std::make_shared<const std::map<std::string, std::string>>();
  /// Backends that are not as desired: it does not take them. Shared: there may be very many.
  std::shared_ptr<const std::set<std::string>> refused =
      std::make_shared<const std::set<std::string>>();
  bool routes_refused = false;  ///< it does not have all routes; not in the view
  /// What is wrong with it now, a sentence each, the first ones.
  std::vector<std::string> troubles;
  std::vector<reload_status> reloads;  ///< the last ones, newest first
  std::uint64_t restarts = 0;          ///< managed: by us, after it had ended by itself
  std::optional<restart_status> last_restart;

  bool operator==(const haproxy_status&) const = default;
};

struct actor_status {
  std::string name;
  bool running = false;
  std::uint64_t restarts = 0;

  bool operator==(const actor_status&) const = default;
};

/// Removals that the guard has stopped (docs/guard.md).
struct hold_status {
  std::uint64_t id = 0;
  std::string provider;
  std::string backend;  ///< the one that is concerned; "" for the provider as a whole
  std::string cause;    ///< max_removed | max_removed_routes | last | last_route | last_server
  std::string what;     ///< what would have happened, as a part of a sentence
  std::size_t lost = 0;
  std::size_t of = 0;
  wall_time since{};
  std::optional<wall_time> expires;
  bool rejected = false;
  std::size_t server_count = 0;
  std::size_t route_count = 0;
  std::vector<std::pair<std::string, std::string>> servers;  ///< backend and name, the first ones
  std::vector<std::pair<std::string, std::string>> routes;   ///< host and path, likewise

  bool operator==(const hold_status&) const = default;
};

struct hold_list {
  std::size_t count = 0;
  std::vector<hold_status> holds;  ///< the first of them

  bool operator==(const hold_list&) const = default;
};

struct status {
  std::string version;
  wall_time started{};
  std::uint64_t revision = 0;          ///< of the desired state
  std::uint64_t applied_revision = 0;  ///< the last one that the writer took
  std::size_t backends = 0;
  std::size_t servers = 0;
  std::size_t routes = 0;
  std::uint64_t applies = 0;
  std::uint64_t reloads = 0;
  std::uint64_t repaired = 0;  ///< runtime commands of reconciles
  std::optional<apply_status> last_apply;
  std::vector<apply_status> recent;  ///< the last that did something, newest first
  haproxy_status haproxy;
  std::vector<provider_status> providers;  ///< in the order of the settings
  std::size_t collision_count = 0;
  std::vector<model::collision> collisions;  ///< the first of them
  hold_list holds;
  std::vector<std::string> unresolved;  ///< host names that do not resolve, a sentence each
  std::vector<actor_status> actors;

  bool operator==(const status&) const = default;
};

/// "45 s", "12 min", "3 h", "5 days": rounded down.
std::string age_text(std::chrono::seconds age);

/// Why the first apply is not done, a sentence each; empty: ready for traffic.
std::vector<std::string> not_ready(const status& s);

/// What is not at its best and stops nothing: providers that are not live, collisions, refused
/// objects, holds that wait for a decision.
std::vector<std::string> degraded(const status& s);

}  // namespace switchyard::api
