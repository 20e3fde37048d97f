#pragma once

#include "actors/observer.hpp"
#include "actors/protocol.hpp"

namespace switchyard::actors {

/// Spawns the actor of the HTTP API. An address that cannot be had is told of in the log and tried
/// again with backoff: traffic does not depend on the API. No address in the settings: it waits for
/// other settings. Ends its server, and with it all requests, before it ends.
api_actor spawn_api(caf::actor_system& system, settings_ptr settings, observer_ptr seen_by,
                    const supervisor_actor& supervisor);

}  // namespace switchyard::actors
