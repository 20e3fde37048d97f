#pragma once

// Plans for the API: the manager's desired state, and what HAProxy and the disk have. The writer is
// not asked.
//
// Threading: any thread. One plan is made at a time, since each checks configurations.

#include <atomic>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "actors/planning.hpp"
#include "actors/protocol.hpp"
#include "base/fd.hpp"
#include "base/timed_lock.hpp"

namespace switchyard::actors {

class plan_service {
 public:
  /// How long the manager's answer, and an earlier plan, are waited for.
  static constexpr std::chrono::seconds longest{5};

  plan_service(caf::actor_system& system, settings_ptr settings, supervisor_actor supervisor);

  void configure(settings_ptr settings);
  /// Gives up the plans that are being made, and allows none until open().
  void close();
  void open();

  /// errc::unavailable: the manager does not answer, an earlier plan takes too long, or it was
  /// given up; else as plan().
  base::outcome<nlohmann::json> answer(const plan_question& question);

 private:
  template <class Answer, class Question>
  std::optional<Answer> ask_manager(const Question& question);

  caf::actor_system& system_;
  supervisor_actor supervisor_;
  std::atomic<bool> closing_{false};
  base::wakeup closed_;  // notified while closing_
  base::timed_lock planning_;
  std::mutex mutex_;
  settings_ptr settings_;  // guarded by mutex_
};

}  // namespace switchyard::actors
