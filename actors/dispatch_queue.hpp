#pragma once

// What waits for the writer: names of backends that changed, the routes, and tickets of the reports
// that changed them.
//
// Batching comes from the writer being busy: whatever is reported meanwhile waits here, the latest
// version of a backend being read only when its turn comes. Bounded by the number of backends of
// each provider, whatever the event rate. Every provider has a line of its own, and a request takes
// from all of them in turn: however much one of them has waiting, what another one changes is in
// the next request. Pure. Threading: owned by the manager.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/apply.hpp"
#include "model/desired_state.hpp"
#include "model/name_book.hpp"

namespace switchyard::actors {

class dispatch_queue {
 public:
  using ticket = std::uint64_t;

  /// The most that goes into one request: backends, and the servers that these have. What is first
  /// in each provider's line goes in any case (as long as there are at most `backends` providers).
  struct limits {
    std::size_t backends = 256;
    std::size_t servers = 4096;
  };

  explicit dispatch_queue(limits most) : most_(most) {}
  dispatch_queue() : dispatch_queue(limits{}) {}

  /// What has changed by one report of that provider: backends whose desired version is another one
  /// in `state` now, and the routes. Where that takes several requests, what serves goes first,
  /// then the routes, then what serves nothing any more: no route leads to servers that have left.
  /// What still waits of an earlier report keeps its place.
  void changed(const std::string& provider, const std::set<std::string>& backends, bool routes,
               const model::desired_state& state);
  /// The same of other settings, whose providers may not have reported yet.
  void settings_changed(const std::set<std::string>& backends, bool routes,
                        const model::desired_state& state);
  /// Backends whose servers have other addresses now. Nobody's report has changed them.
  void addresses_changed(const std::set<std::string>& backends) { line_up("", backends); }
  /// The writer needs the whole desired state (a new writer, or all providers have reported now).
  void everything();
  /// A number that fulfilled() returns when all that is in that provider's line now was applied.
  ticket issue(const std::string& provider) {
    const auto number = reserve();
    issue(provider, number);
    return number;
  }
  /// The same in two steps: the number, and once the changes are in the line, its meaning.
  ticket reserve();
  void issue(const std::string& provider, ticket reserved);
  /// Whether fulfilled() will still return it.
  bool pending(ticket number) const { return open_.contains(number); }

  /// Whether next() would give a request.
  bool waiting() const { return full_ || !changed_.empty(); }
  /// How much waits: changed backends, and one more for the routes.
  std::size_t depth() const { return changed_.size(); }
  /// Whether parts of a burst are still to come: what is asked for in between must not tear it.
  bool in_burst() const { return in_burst_; }
  /// The next request, with the versions of `state` as it is now and the addresses of `names` for
  /// host names; nothing when nothing waits. Call done() or failed() before the next call.
  std::optional<haproxy::apply_request> next(const model::desired_state& state,
                                             const model::name_book& names = {});
  /// The request in flight was applied.
  void done();
  /// The request in flight was lost with its writer: the next one carries everything.
  void failed();
  /// The tickets that have come true since the last call.
  std::vector<ticket> fulfilled();

 private:
  struct line {
    std::deque<std::string> names;  // of backends, and one that stands for the routes
    std::set<std::string> queued;
    std::uint64_t queued_count = 0;   // names ever queued
    std::uint64_t applied_count = 0;  // names ever applied
    std::uint64_t flying = 0;         // names in the request in flight
    std::uint64_t round_end = 0;      // requests up to here leave their reload to the last of them
    std::deque<std::pair<ticket, std::uint64_t>> tickets;  // with the queued_count they wait for

    bool idle() const { return names.empty() && flying == 0 && tickets.empty(); }
  };
  using lines = std::map<std::string, line>;

  void add_everything(haproxy::apply_request& request, const model::desired_state& state,
                      const model::name_book& names);
  void add_in_turn(haproxy::apply_request& request, const model::desired_state& state,
                   const model::name_book& names);
  void line_up(const std::string& provider, const std::set<std::string>& names);
  std::optional<std::string> take(line& from);
  std::size_t add(haproxy::apply_request& request, const std::string& name,
                  const model::desired_state& state, const model::name_book& names);
  bool rounds_go_on();

  limits most_;
  bool full_ = false;
  bool lost_ = false;  // what was counted as applied may not be, until everything was sent again
  bool full_flying_ = false;
  bool in_burst_ = false;
  lines lines_;                    // by provider
  std::string last_served_;        // the provider whose line gave the last name
  std::set<std::string> changed_;  // what no request has; lines may name more, which one had since
  std::set<std::string> by_settings_;  // of these, what other settings have changed
  ticket last_ticket_ = 0;
  std::set<ticket> open_;
};

}  // namespace switchyard::actors
