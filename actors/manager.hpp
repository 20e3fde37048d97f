#pragma once

#include "actors/observer.hpp"
#include "actors/protocol.hpp"

namespace switchyard::actors {

/// Spawns a manager that knows no provider's view and no writer yet.
manager_actor spawn_manager(caf::actor_system& system, settings_ptr settings, observer_ptr seen_by);

}  // namespace switchyard::actors
