#pragma once

#include "actors/observer.hpp"
#include "actors/protocol.hpp"
#include "actors/view_keeper.hpp"

namespace switchyard::actors {

/// Spawns a manager that knows no provider's view and no writer yet.
/// Where there is a keeper, its views stand in for sources that do not answer.
manager_actor spawn_manager(caf::actor_system& system, settings_ptr settings, observer_ptr seen_by,
                            keeper_ptr keeper = nullptr);

}  // namespace switchyard::actors
