#pragma once

// Inside of the supervisor: its state, and what its files share. Threading: the supervisor's.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <type_traits>

#include "actors/owed.hpp"
#include "actors/protocol.hpp"
#include "actors/restart_policy.hpp"
#include "actors/supervisor.hpp"
#include "actors/view_keeper.hpp"

namespace switchyard::actors {

inline const std::string writer_name = "writer";
inline const std::string manager_name = "manager";
inline const std::string timer_name = "timer";
inline const std::string api_name = "api";
inline const std::string provider_prefix = "provider ";

struct child {
  restart_policy policy;
  caf::actor handle;
};

struct supervisor_state {
  supervisor_state() = default;
  ~supervisor_state() {
    if (stopped) give_up(*stopped);
  }
  supervisor_state(const supervisor_state&) = delete;
  supervisor_state& operator=(const supervisor_state&) = delete;
  static inline const char* name = "supervisor";

  settings_ptr settings;
  observer_ptr seen_by;
  std::function<void(std::string)> failed;
  child_makers make;
  std::map<std::string, child> children;
  writer_actor writer;
  manager_actor manager;
  keeper_ptr keeper;  // of all managers
  timer_actor timer;
  std::uint64_t next_epoch = 1;
  bool given_up = false;  ///< a child without which nothing works keeps failing
  bool stopping = false;
  bool writer_asked = false;    ///< to stop
  bool writer_stopped = false;  ///< and has said that it has
  std::optional<caf::typed_response_promise<stop_atom>> stopped;
  std::mt19937 random{std::random_device{}()};
};
static_assert(!std::is_aggregate_v<supervisor_state>);  // CAF would build one from its self pointer

using supervisor_self = supervisor_actor::stateful_pointer<supervisor_state>;

// -- supervisor.cpp

/// Starts the child of that name; one that cannot be started has failed.
void start_child(supervisor_self self, const std::string& name);

// -- supervisor_end.cpp

/// Ends the next thing while stopping; called again whenever a child has ended.
void go_on_stopping(supervisor_self self);

}  // namespace switchyard::actors
