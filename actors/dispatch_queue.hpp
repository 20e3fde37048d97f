#pragma once

// What waits for the writer: names of backends that changed, the routes, and tickets of the reports
// that changed them.
//
// Batching comes from the writer being busy: whatever is reported meanwhile waits here, the latest
// version of a backend being read only when its turn comes. Bounded by the number of backends,
// whatever the event rate. Pure. Threading: owned by the manager.

#include <cstdint>
#include <deque>
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

  /// At most `batch` backends go into one request.
  explicit dispatch_queue(std::size_t batch = 256) : batch_(batch) {}

  /// Backends whose desired version has changed.
  void changed(const std::set<std::string>& backends);
  /// The routes have changed.
  void routes_changed();
  /// The writer needs the whole desired state (a new writer, or all providers have reported now).
  void everything();
  /// A number that fulfilled() returns when all that is waiting now has been applied.
  ticket issue();

  /// Whether next() would give a request.
  bool waiting() const { return full_ || !queue_.empty(); }
  /// How much waits: changed backends, and one more for the routes.
  std::size_t depth() const { return queue_.size(); }
  /// Whether parts of a burst are still to come: what is asked for in between must not tear it.
  bool in_burst() const { return applied_count_ < round_end_; }
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
  std::size_t batch_;
  bool full_ = false;
  std::deque<std::string> queue_;  // names of backends, and one that stands for the routes
  std::set<std::string> queued_;
  std::uint64_t queued_count_ = 0;   // names ever queued
  std::uint64_t applied_count_ = 0;  // names ever applied
  std::uint64_t flying_ = 0;         // names in the request in flight
  std::uint64_t round_end_ = 0;      // requests up to here leave their reload to the last of them
  ticket last_ticket_ = 0;
  std::deque<std::pair<ticket, std::uint64_t>> tickets_;  // with the queued_count_ they wait for
};

}  // namespace switchyard::actors
