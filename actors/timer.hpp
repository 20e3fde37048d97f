#pragma once

#include "actors/protocol.hpp"

namespace switchyard::actors {

/// Spawns the reconcile timer; it ticks at the settings' interval from when it is told which
/// manager to use.
timer_actor spawn_timer(caf::actor_system& system, settings_ptr settings);

}  // namespace switchyard::actors
