#pragma once

// An actor system whose scheduler and clock are the test's: nothing runs until run() says so.
//
// Threading: the thread that made it. Other threads may send messages; they wait for run(). Such a
// message is in its receiver's mailbox a moment before run() knows that the receiver has something
// to do, and what the test sends meanwhile waits with it: where other threads send, an answer has
// to be awaited and not to be expected after one run().

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "actors/protocol.hpp"

namespace switchyard::tests {

/// CAF's own takes messages from one thread only.
class open_coordinator final : public caf::scheduler::test_coordinator {
 public:
  using test_coordinator::test_coordinator;

  /// Runs until nobody has anything to do.
  void run_all() {
    while (take() || has_job()) run();
  }

 protected:
  void enqueue(caf::resumable* job) override {
    if (std::this_thread::get_id() == owner_) return test_coordinator::enqueue(job);
    const std::lock_guard lock(mutex_);
    arrived_.push_back(job);
  }
  void stop() override {
    take();
    test_coordinator::stop();
  }

 private:
  /// Whether anything has come from other threads.
  bool take() {
    const std::lock_guard lock(mutex_);
    const auto came = std::exchange(arrived_, {});
    jobs.insert(jobs.end(), came.begin(), came.end());
    return !came.empty();
  }

  const std::thread::id owner_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::vector<caf::resumable*> arrived_;  // guarded by mutex_
};

struct coordinated {
  struct config : caf::actor_system_config {
    config() {
      module_factories.emplace_back([](caf::actor_system& system) -> caf::actor_system::module* {
        return new open_coordinator(system);  // the system's, like all modules
      });
    }
  };

  config cfg;
  caf::actor_system system{cfg};
  open_coordinator& scheduler = dynamic_cast<open_coordinator&>(system.scheduler());
  caf::scoped_actor self{system};

  void run() { scheduler.run_all(); }
  /// Lets `time` pass and runs whatever became due.
  void pass(std::chrono::milliseconds time) {
    scheduler.advance_time(time);
    run();
  }
};

}  // namespace switchyard::tests
