#pragma once

// The guard: keeps in service what a source leaves out all at once, until somebody approves or the
// source has it again. It holds removals by disappearance and nothing else; what a source says of a
// server (its state, weight or address) and what it adds goes through at once.
//
// It stands between a provider's report and the desired state: screen() gives the report that is to
// be folded, with what is held put back into it. So the desired state always is what is served.
//
// Held is what would be lost by a report
//   * of a provider that would lose more than `max_removed` of its ready servers, or of its routes,
//     and at least `min_removed` of them: at once, or with what it lost (and did not get back in
//     number) within `window` before;
//   * of a provider that would be left with no ready server, of which some served a backend that a
//     route or a frontend leads to; or with no route;
//   * of one backend that a route or a frontend leads to still, and that would be left with no
//     ready server. Other providers' versions of the backend count where they would take its place,
//     and always where their servers are united.
//
// What is held stays held until the source has it again, under its name or at its address in the
// same backend. Where a backend or a provider would have lost its last servers, the hold ends also
// when the source has as many ready ones again. What goes missing later is judged together with
// what is held.
//
// Pure: time comes in as a parameter. Threading: owned by the manager. Costs follow the size of
// what a report names, and of what is held.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/desired_state.hpp"
#include "model/guard_rules.hpp"
#include "model/hold.hpp"
#include "model/losses.hpp"
#include "model/name_book.hpp"

namespace switchyard::model {

/// What a guard knows of one provider, to be kept over a restart.
struct guard_memory {
  std::vector<hold> holds;
  std::uint64_t last_id = 0;

  bool operator==(const guard_memory&) const = default;
};

class guard {
 public:
  /// `leading`: backends that frontends lead to. `guarded`: the providers whose removals are held
  /// where the rules say so; holds of others end. What is held stays held under other rules.
  void configure(guard_rules rules, std::set<std::string> leading, std::set<std::string> guarded);

  struct verdict {
    std::optional<report> instead;  ///< to be folded in the place of the report; nothing: the same
    std::vector<hold> began;        ///< holds that are new, or hold more now
    std::vector<hold> ended;        ///< since the source has everything again, or enough
  };
  /// Call before the report is folded into `desired`, and fold what it gives. `names`: what host
  /// names stand for; a server whose name was never resolved takes nobody's place yet, but may be
  /// in HAProxy since an earlier run, so its end is a loss like any other.
  verdict screen(const std::string& provider, const desired_state& desired, const report& report,
                 wall_time now, const name_book& names = {});

  struct release {
    hold what;
    report removals;  ///< to be folded as a report of what.provider
  };
  /// Lets go what is held. Nothing: there is no hold of that number.
  std::optional<release> approve(std::uint64_t id, const desired_state& desired);
  /// Keeps what is held, without a time limit: it goes with approve(), or ends as all holds do.
  /// Nothing: there is no hold of that number.
  std::optional<hold> reject(std::uint64_t id);
  /// Lets go what was held for `hold_timeout`, if anything.
  std::optional<release> expire(const desired_state& desired, wall_time now);
  /// When expire() has something to do next.
  std::optional<wall_time> next_expiry() const;

  /// Somebody has set the wall clock forward, or back (negative): times that were noted by it move
  /// along, so that what is held lasts as long as it should.
  void clock_set(wall_time::duration by);

  /// Differs when what memory_of() gives may differ.
  std::uint64_t version() const { return version_; }
  guard_memory memory_of(const std::string& provider) const;
  /// Takes back what memory_of() gave, once the provider's view of that time is folded. What is
  /// not guarded any more is dropped.
  void restore(const guard_memory& memory);
  const std::set<std::string>& guarded() const { return guarded_; }

  /// By number.
  const std::map<std::uint64_t, hold>& holds() const { return holds_; }
  /// The servers of a provider's backend that are held.
  std::set<std::string> held_in(const std::string& provider, const std::string& backend) const;
  const guard_rules& rules() const { return rules_; }

 private:
  struct context;  // of one report

  void forget_returned(context& c);
  bool replaced(context& c, hold& h) const;
  std::size_t source_serving(const context& c) const;
  losses not_held(const context& c) const;
  void judge(context& c);
  std::optional<hold> whole_provider(context& c, const losses& fresh);
  void judge_backends(context& c, losses& fresh);
  void judge_routes(context& c, losses& fresh);
  std::set<std::string> led_to_before(const context& c) const;
  std::set<std::string> led_to_after(const context& c) const;
  bool kept_by_hand(const context& c, const std::string& backend) const;
  hold& open(context& c, hold tripped);
  std::size_t arrived(const context& c, std::size_t most);
  std::size_t unresolved(const context& c) const;
  std::size_t lost_lately(const context& c);
  std::optional<report> put_back(const context& c) const;

  guard_rules rules_;
  std::set<std::string> leading_;
  std::set<std::string> guarded_;
  std::map<std::uint64_t, hold> holds_;
  std::uint64_t last_id_ = 0;
  std::uint64_t version_ = 0;
  /// What each provider has lost within the window and not got back.
  std::map<std::string, std::deque<std::pair<wall_time, std::size_t>>> lately_;
  /// Host names of servers that came within the window, and count once they are resolved.
  std::map<std::string, std::deque<std::pair<wall_time, std::string>>> expected_;
};

}  // namespace switchyard::model
