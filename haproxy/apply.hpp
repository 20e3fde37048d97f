#pragma once

// What is asked of the gateway, and what it answers. Plain values.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "haproxy/counted_conversation.hpp"
#include "haproxy/master.hpp"
#include "haproxy/planner.hpp"
#include "model/backend.hpp"
#include "model/unread.hpp"

namespace switchyard::haproxy {

struct backend_change {
  std::string name;
  model::backend_ptr value;  ///< nullptr: nobody desires it any more
  model::unread unread{};    ///< what of it the source has, and nobody could read
  bool by_settings = false;  ///< other settings changed it: what it misses stays until `complete`
};

/// A part of the desired state that has changed, or all of it.
struct apply_request {
  std::uint64_t revision = 0;
  bool full = false;      ///< `changes` is the whole desired state
  bool complete = false;  ///< every provider has reported: what is not desired may be removed
  bool more = false;      ///< another request follows at once; a reload waits for the last one
  std::vector<backend_change> changes;
  std::shared_ptr<const std::vector<model::route>> routes{};  ///< nullptr: as before
  /// What the routes miss other settings took out: until `complete` it stays.
  bool routes_by_settings = false;
  /// With the routes: host and path of those that the source has, and nobody could read.
  std::set<std::pair<std::string, std::string>> unread_routes{};
};

enum class severity { debug, info, warning, error };

/// What a notice is about. Logs and events name it (docs/events.md).
enum class matter {
  haproxy,  ///< the running process, and how it is reached
  server,
  backend,
  routes,
  certificate,
  reload,
  file  ///< what switchyard writes to disk
};

/// The matter as logs and events name it: "server".
std::string_view to_string(matter what);

struct subject {
  matter what = matter::haproxy;
  std::string backend{};  ///< "" when none is concerned, or several are
  std::string server{};   ///< likewise

  bool operator==(const subject&) const = default;
};

inline subject about_backend(const std::string& name) {
  return {matter::backend, name};
}

/// Something that an operator would ask about, in one sentence.
struct notice {
  severity level = severity::info;
  std::string text;
  subject about{};
};

/// What an apply, a reconcile or a tick did.
struct apply_report {
  std::uint64_t revision = 0;
  bool reachable = true;      ///< HAProxy answered
  unsigned steps = 0;         ///< runtime commands that succeeded
  unsigned failed_steps = 0;  ///< runtime commands that HAProxy refused
  std::size_t routes = 0;     ///< entries of the map that were changed
  unsigned certificates = 0;  ///< files that HAProxy took or let go without a reload
  unsigned repaired = 0;      ///< of the steps, those against drift, see `repairs`
  command_tally commands;     ///< that change something, as they were sent
  /// Of them, by kind, those against drift: that a comparison, or the reading back of what a change
  /// had touched, found necessary.
  std::map<std::string_view, std::uint64_t> repairs;
  std::optional<reload_result> reload;        ///< a reload took place
  std::vector<reload_reason> reload_reasons;  ///< of that reload, or of the one that failed
  std::vector<reload_reason> waiting;         ///< of a reload that is still to come
  /// There are routes, and HAProxy has not loaded their map or refuses entries of it.
  bool routes_refused = false;
  /// Backends that are not as desired, since HAProxy refuses what they need.
  std::set<std::string> refused;
  /// Warnings and errors that concern HAProxy as a whole and have not ended: the first of them.
  std::vector<std::string> troubles;
  std::optional<std::string> reload_error;   ///< a reload was refused, or failed
  std::chrono::milliseconds reload_took{0};  ///< from its begin until it was in force, or failed
  /// Managed: HAProxy had ended, and runs again. How: "SIGSEGV", "exit code 1".
  std::optional<std::string> restarted_after;
  std::string version;                ///< of the HAProxy that is talked to, "" for none yet
  pid_t worker = 0;                   ///< likewise; 0: none yet
  std::chrono::microseconds took{0};  ///< filled in by the writer
  std::vector<notice> notices;
};

}  // namespace switchyard::haproxy
