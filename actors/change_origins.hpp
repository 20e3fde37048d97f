#pragma once

// Whose changes are on their way to HAProxy, and since when: what logs, events and the histogram of
// propagation times tell of a change besides what was done.
//
// A change is in HAProxy when a pass with it has ended, HAProxy answered, and no reload that it
// needs is still to come. Pure: time comes in as a parameter. Bounded by the number of backends.
// Threading: owned by the manager.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "haproxy/apply.hpp"

namespace switchyard::actors {

/// Whose change it was.
struct attribution {
  std::string provider;
  /// From the source's telling of it until HAProxy had it; nothing: HAProxy does not have it yet,
  /// or refused it.
  std::optional<std::chrono::nanoseconds> propagation;

  bool operator==(const attribution&) const = default;
};
/// By backend.
using attributions = std::map<std::string, attribution, std::less<>>;

class change_origins {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Stands for all routes among the names of backends.
  static constexpr const char* routes = "/routes";

  /// A report of that provider has changed these. Of a backend that is on its way already, the
  /// earlier moment counts.
  void changed(const std::set<std::string>& backends, bool with_routes, const std::string& provider,
               time_point seen_at);
  /// The writer gets this request.
  void sent(const haproxy::apply_request& request);
  /// It has been lost with its writer; another one with everything follows.
  void lost();
  /// The writer has answered the request that was sent.
  attributions answered(const haproxy::apply_report& report, time_point now);
  /// The writer has done something else.
  attributions noted(const haproxy::apply_report& report, time_point now);

 private:
  struct origin {
    std::string provider;
    time_point seen_at;
  };
  using origins = std::map<std::string, origin>;

  static void move(origins& from, origins& to);
  static void move(origins& from, origins& to, const std::string& name);

  origins waiting_;
  origins sent_;
  origins taken_;  ///< by the writer, and not in HAProxy when it answered last
};

}  // namespace switchyard::actors
