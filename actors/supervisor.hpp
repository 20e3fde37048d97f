#pragma once

#include <functional>

#include "actors/observer.hpp"
#include "actors/protocol.hpp"

namespace switchyard::actors {

/// Spawns the supervisor and with it everything else. `failed` is called (on an actor's thread,
/// once) when a child without which nothing works keeps failing: the process should end then, so
/// that whoever started it starts it anew.
supervisor_actor spawn_supervisor(caf::actor_system& system, settings_ptr settings,
                                  observer_ptr seen_by, std::function<void(std::string)> failed);

}  // namespace switchyard::actors
