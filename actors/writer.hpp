#pragma once

#include "actors/observer.hpp"
#include "actors/protocol.hpp"
#include "haproxy/gateway.hpp"

namespace switchyard::actors {

/// What of the settings concerns the gateway.
haproxy::gateway_settings gateway_settings_of(const config::settings& settings);

/// Spawns the writer. It takes HAProxy over before it answers anything, and quits with an error
/// when the settings make that impossible (the log says why).
writer_actor spawn_writer(caf::actor_system& system, settings_ptr settings, observer_ptr seen_by);

}  // namespace switchyard::actors
