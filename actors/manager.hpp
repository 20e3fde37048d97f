#pragma once

#include "actors/log.hpp"
#include "actors/protocol.hpp"

namespace switchyard::actors {

/// Spawns a manager that knows no provider's view and no writer yet.
manager_actor spawn_manager(caf::actor_system& system, settings_ptr settings, log_ptr log);

}  // namespace switchyard::actors
