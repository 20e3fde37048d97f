#pragma once

// The guard in the manager's hands: reports go through it, operators decide, and the log is told.
//
// What is held comes on top of what the source has, and a source that gives its servers new names
// again and again would have more and more held. So both together are kept within the provider's
// quota of objects: a report that makes more of it waits, as a whole, and what was taken before
// stays, until there is room.
//
// Pure but for what it is given. Threading: owned by the manager.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/observer.hpp"
#include "actors/protocol.hpp"
#include "api/status.hpp"
#include "base/clock_watch.hpp"
#include "config/settings.hpp"
#include "model/guard.hpp"

namespace switchyard::actors {

/// What operators should hear of a hold.
struct hold_news {
  spdlog::level::level_enum level = spdlog::level::info;
  std::string provider;
  std::string backend;  ///< "" for the provider as a whole
  std::string text;
};

/// A source that has not been read since the start has its last good view served.
void tell_of_last_good(observer& whom, const std::string& provider, model::wall_time as_of,
                       model::wall_time now);

void tell_of_holds(observer& whom, const std::vector<hold_news>& all);

class guarding {
 public:
  static constexpr std::size_t named_in_status = 20;   ///< holds, and of each servers and routes
  static constexpr std::size_t named_in_list = 1'000;  ///< likewise

  void configure(const config::settings& settings);

  /// The time now, by both clocks: from the difference it shows when somebody sets the wall clock.
  /// Call before screen() and expire().
  void keep_time(model::wall_time now, std::chrono::steady_clock::time_point steady_now);

  struct screened {
    report_ptr report;  ///< to be folded; nullptr: nothing is, there is no room
    std::vector<hold_news> news;
  };
  screened screen(const std::string& provider, const model::desired_state& desired,
                  const report_ptr& report, model::wall_time now, const model::name_book& names);
  /// What waited of a provider, and for which there is room now; call until there is nothing. Costs
  /// next to nothing as long as nobody has made room.
  std::optional<std::pair<std::string, screened>> take_waiting(const model::desired_state& desired,
                                                               model::wall_time now,
                                                               const model::name_book& names);

  struct release {
    api::hold_status what;
    model::report removals;  ///< to be folded as a report of that hold's provider
    hold_news news;
  };
  /// errc::not_found: nothing is held under that number.
  base::outcome<release> approve(std::uint64_t id, const model::desired_state& desired);
  /// Likewise.
  base::outcome<api::hold_status> reject(std::uint64_t id);
  /// What was held long enough, one hold a call.
  std::optional<release> expire(const model::desired_state& desired, model::wall_time now);

  /// What is to be kept over a restart, and taking it back.
  model::guard_memory memory_of(const std::string& provider) const {
    return guard_.memory_of(provider);
  }
  std::uint64_t version() const { return guard_.version(); }
  void restore(const model::guard_memory& memory) { guard_.restore(memory); }
  /// The providers whose removals may be held, and whose views are kept.
  const std::set<std::string>& guarded() const { return guard_.guarded(); }

  /// Adds the holds.
  void show(api::status& status) const;
  /// Those that wait for a decision come first.
  api::hold_list list(std::size_t most) const;
  /// Marks what of the backends is held.
  void mark(model::backend_page& page) const;
  std::set<std::string> held_in(const std::string& provider, const std::string& backend) const {
    return guard_.held_in(provider, backend);
  }

 private:
  api::hold_status status_of(const model::hold& h, std::size_t most) const;
  release let_go(model::guard::release&& from, const std::string& why) const;

  /// Reports of a provider that were not taken, folded.
  struct waiting {
    report_ptr all;
    std::size_t objects = 0;  // that it would be, with what is held
    // When that was found:
    std::size_t taken = 0;
    std::size_t most = 0;
    std::uint64_t version = 0;  // of the guard
  };

  std::optional<screened> take(const std::string& provider, const model::desired_state& desired,
                               const report_ptr& report, model::wall_time now,
                               const model::name_book& names);
  void wait(const std::string& provider, const model::desired_state& desired, report_ptr all);
  std::size_t most_of(const std::string& provider) const;
  std::string excess(const std::string& provider, const waiting& what) const;

  model::guard guard_;
  base::clock_watch clocks_;
  std::map<std::string, std::size_t> most_;  // objects, by provider
  std::map<std::string, waiting> waiting_;   // by provider
  std::size_t too_many_ = 0;                 // objects, when take() gave nothing
};

}  // namespace switchyard::actors
