#pragma once

// api::service by messages to the supervisor and the manager.
//
// Threading: as api::service; configure() from any thread. At most one question at a time waits in
// the manager's mailbox, however many clients ask.

#include <chrono>
#include <mutex>

#include "actors/protocol.hpp"
#include "api/service.hpp"

namespace switchyard::actors {

class api_service final : public api::service {
 public:
  /// How long an answer may take.
  static constexpr std::chrono::seconds longest{5};

  api_service(caf::actor_system& system, settings_ptr settings, supervisor_actor supervisor);

  void configure(settings_ptr settings);

  base::outcome<api::status> get_status() override;

 private:
  template <class Result, class Actor, class... Message>
  base::outcome<Result> ask(const Actor& whom, const Message&... message);

  caf::actor_system& system_;
  supervisor_actor supervisor_;
  api::wall_time started_;
  std::timed_mutex asking_;
  std::mutex mutex_;
  settings_ptr settings_;  // guarded by mutex_
};

}  // namespace switchyard::actors
