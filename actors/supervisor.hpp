#pragma once

#include <functional>
#include <string>
#include <utility>

#include "actors/api.hpp"
#include "actors/manager.hpp"
#include "actors/observer.hpp"
#include "actors/protocol.hpp"
#include "actors/provider.hpp"
#include "actors/timer.hpp"
#include "actors/writer.hpp"

namespace switchyard::actors {

/// How the supervisor makes its children, each time that one starts; the defaults are the
/// product's.
struct child_makers {
  std::function<writer_actor(caf::actor_system&, settings_ptr, observer_ptr)> writer =
      [](caf::actor_system& system, settings_ptr settings, observer_ptr seen_by) {
        return spawn_writer(system, std::move(settings), std::move(seen_by));
      };
  std::function<decltype(spawn_manager)> manager = spawn_manager;
  std::function<decltype(spawn_timer)> timer = spawn_timer;
  std::function<decltype(spawn_provider)> provider = spawn_provider;
  std::function<decltype(spawn_api)> api = spawn_api;
};

/// Spawns the supervisor and with it everything else. `failed` is called (on an actor's thread,
/// once) when a child without which nothing works keeps failing: the process should end then, so
/// that whoever started it starts it anew.
supervisor_actor spawn_supervisor(caf::actor_system& system, settings_ptr settings,
                                  observer_ptr seen_by, std::function<void(std::string)> failed,
                                  child_makers make = {});

}  // namespace switchyard::actors
