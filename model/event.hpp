#pragma once

// What a provider reports: whole backends, never fragments of one.
//
// Plain values; a report is built by one thread and then only read.

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/backend.hpp"
#include "model/places.hpp"

namespace switchyard::model {

/// One object of a source that was not taken, with its key and the reason.
struct refusal {
  std::string key;     ///< as the source names it: "servers(api-backend, srv3)", "/backends/0/name"
  std::string reason;  ///< what is wrong and what would be right
  /// What it is about, where a later report of changes may tell that it is no more: the backend and
  /// its server, the backend's settings (no server), or a route.
  std::string backend{};
  std::string server{};
  bool route = false;

  bool operator==(const refusal&) const = default;
};

/// One backend as a source shows it now. What was refused is named, so that the last good version
/// of just that part can go on (see apply_event in model/desired_state.hpp).
struct backend_event {
  /// The backend; nullptr: the source has none of that name any more.
  backend_ptr value;
  /// The settings could not be read: value holds default ones, the last good ones stay in force.
  bool settings_refused = false;
  /// The list of servers as a whole could not be read: value has none, the last good ones stay.
  bool servers_refused = false;
  /// Names of servers whose objects could not be read: their last good versions stay.
  std::set<std::string> refused_servers;

  bool operator==(const backend_event&) const = default;
};

/// A snapshot (one provider's full view, taken at one moment of its source), or the changes of one
/// transaction.
struct report {
  bool full = false;  ///< a snapshot: backends that are not named here are gone
  std::map<std::string, backend_event> backends;
  std::optional<std::vector<route>> routes;  ///< all routes of the provider, when they were read
  /// Host and path of routes whose objects could not be read: their last good versions stay.
  std::set<place> refused_routes;
  /// Set where `routes` are all that could be read, and the provider has others perhaps: what is
  /// not named stays as it is, but for what is known to be gone, which is named here.
  std::optional<std::set<place>> gone_routes;
  std::vector<refusal> refused;
  /// Of changes: keys of objects that were refused, belong to nothing that is named here, and are
  /// gone.
  std::set<std::string> gone_refusals{};
  std::chrono::steady_clock::time_point seen_at{};  ///< when the source told of it

  /// Whether these changes show that what was refused before is gone or mended; what `refused`
  /// names still is.
  bool settles(const refusal& before) const;
  /// Whether a route that was known there, and that `routes` does not have, stays.
  bool keeps(const place& at) const;

  bool operator==(const report&) const = default;
};

/// Folds a later report into an earlier one that nobody has taken yet: the latest wins for each
/// backend, a later snapshot replaces everything; seen_at stays the earlier one. The desired state
/// ends up the same as if both had been taken one after the other: what the later report refuses
/// comes from the earlier one where that could read it. (One difference: servers of a backend that
/// was not taken, since its settings were refused when it first appeared, are not lost.)
void fold(report& earlier, report&& later);

/// How a provider fares, for status and logs.
struct provider_health {
  enum class level { connecting, live, degraded };
  level value = level::connecting;
  std::string reason;  ///< a sentence for the operator; when live: what is not at its best, or ""

  bool operator==(const provider_health&) const = default;
};

}  // namespace switchyard::model
