#pragma once

// Keeps each provider's last good view on disk, on a thread of its own and off the way of changes:
// what the manager hands over waits here, and a file is written at most every quarter of a second,
// and less often where that takes long (a twentieth of the time). What somebody is waiting for is
// written without delay, at most every quarter of a second.
//
// Threading: any thread; take() returns at once. Lives longer than the managers: one that starts
// anew finds here what the one before had. Files are written and removed by its thread alone.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "actors/kept_view.hpp"
#include "actors/observer.hpp"
#include "actors/protocol.hpp"

namespace switchyard::actors {

class view_keeper {
 public:
  view_keeper(std::string folder, observer_ptr seen_by);
  /// Writes what is not written yet.
  ~view_keeper();
  view_keeper(const view_keeper&) = delete;
  view_keeper& operator=(const view_keeper&) = delete;

  /// What is kept of a provider. A file that cannot be used is told of and moved aside
  /// (".refused"). May block for as long as reading takes.
  std::optional<kept_view> find(const std::string& provider);

  /// Called once it is on disk, or not to be kept any more; on any thread. Must return at once.
  using written = std::function<void()>;

  /// A report that was folded into the desired state (nullptr: none), and what is held now
  /// (nothing: as before).
  /// `at_once`: it must not be lost; it is written without delay. `then`: see there; a disk that
  /// cannot be written is tried again until it can.
  void take(const std::string& provider, report_ptr report,
            std::optional<model::guard_memory> holds, model::wall_time now, bool at_once = false,
            written then = {});

  /// Views of other providers than these are forgotten at once, and their files removed.
  void keep_only(const std::vector<std::string>& providers);

 private:
  struct entry {
    model::desired_state state;  // of this provider alone
    model::guard_memory holds;
    model::wall_time as_of{};
    model::wall_time saved{};  // the as_of of the file
    bool changed = false;
    std::string failure;  // of the last writing, as it was told
    std::vector<written> awaited;
  };
  struct handed_over {
    std::string provider;
    report_ptr report;
    std::optional<model::guard_memory> holds;
    model::wall_time now;
    written then;
  };

  void run();
  bool wait_for_work(std::chrono::steady_clock::duration gap,
                     std::chrono::steady_clock::time_point earliest);
  void want_another_turn();
  bool remove_files();
  void fold_what_waits(model::wall_time::duration may_lag);
  bool write_what_changed();
  bool note_outcome(const std::string& provider, const std::string& failure,
                    std::vector<written>& awaited);
  entry& known(const std::string& provider);
  kept_view view_of(const std::string& provider, const entry& e) const;

  const std::string folder_;
  const observer_ptr seen_by_;
  std::mutex mutex_;  // guards the four below
  std::condition_variable more_;
  std::deque<handed_over> waiting_;
  bool at_once_ = false;
  bool dirty_ = false;  // something may have to be written; likewise
  bool stopping_ = false;
  std::mutex views_mutex_;  // guards the next two; taken for longer, never by take()
  std::map<std::string, entry> views_;
  // Files of providers that are gone, which are still to be removed; why they could not be, as it
  // was told.
  std::map<std::string, std::string> gone_;
  std::thread thread_;
};

using keeper_ptr = std::shared_ptr<view_keeper>;

}  // namespace switchyard::actors
