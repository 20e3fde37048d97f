#pragma once

// An actor system whose scheduler and clock are the test's: nothing runs until run() says so.

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "actors/protocol.hpp"

namespace switchyard::tests {

struct coordinated {
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };

  config cfg;
  caf::actor_system system{cfg};
  caf::scheduler::test_coordinator& scheduler =
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  caf::scoped_actor self{system};

  void run() { scheduler.run(); }
  /// Lets `time` pass and runs whatever became due.
  void pass(std::chrono::milliseconds time) {
    scheduler.advance_time(time);
    scheduler.run();
  }
};

}  // namespace switchyard::tests
