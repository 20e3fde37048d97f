#pragma once

// api::service by messages to the supervisor, the manager and the memory provider.
//
// Threading: as api::service; configure(), close() and open() from any thread. At most one question
// at a time waits in the manager's mailbox, and at most one conversation is held with HAProxy,
// however many clients ask.

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/api_answers.hpp"
#include "actors/protocol.hpp"
#include "api/service.hpp"
#include "base/fd.hpp"
#include "base/timed_lock.hpp"

namespace switchyard::actors {

class api_service final : public api::service {
 public:
  /// How long an answer may take.
  static constexpr std::chrono::seconds longest{5};

  api_service(caf::actor_system& system, settings_ptr settings, supervisor_actor supervisor);

  void configure(settings_ptr settings);
  /// Ends all waiting for an answer, and allows none until open().
  void close() { closing_ = true; }
  void open() { closing_ = false; }

  base::outcome<api::status> get_status() override;
  base::outcome<model::backend_page> get_backends(const std::string& after,
                                                  const std::string& provider,
                                                  std::size_t most) override;
  base::outcome<api::backend_detail> get_backend(const std::string& name) override;
  base::outcome<api::route_list> get_routes() override;
  base::outcome<api::reconcile_result> reconcile() override;
  base::outcome<api::write_result> write(const model::edit& change,
                                         std::chrono::milliseconds wait) override;
  base::outcome<api::hold_list> get_holds() override;
  base::outcome<api::decision_result> decide(std::uint64_t hold, decision what,
                                             std::chrono::milliseconds wait) override;

 private:
  template <class Result, class Actor, class... Message>
  base::outcome<Result> request(std::chrono::milliseconds deadline, const Actor& whom,
                                const Message&... message);
  template <class Result, class Actor, class... Message>
  base::outcome<Result> ask(const Actor& whom, const Message&... message);
  template <class Result, class... Message>
  base::outcome<Result> ask_manager(const Message&... message);
  base::outcome<caf::actor> child(const std::string& name);
  base::outcome<std::string> writable_provider(const model::edit& change);
  std::vector<std::string> what_keeps(
      const std::vector<std::pair<std::string, std::string>>& servers);
  void follow(api::write_result& result, const touched& what, const base::deadline& until);
  settings_ptr settings() const;

  caf::actor_system& system_;
  supervisor_actor supervisor_;
  api::wall_time started_;
  std::atomic<bool> closing_{false};
  base::timed_lock asking_;   // held while a question is asked
  base::timed_lock looking_;  // held while HAProxy is asked
  mutable std::mutex mutex_;
  settings_ptr settings_;  // guarded by mutex_
};

}  // namespace switchyard::actors
