#pragma once

#include "actors/log.hpp"
#include "actors/protocol.hpp"

namespace switchyard::actors {

/// Spawns the actor of the HTTP API. An address that cannot be had is told of in the log and tried
/// again with backoff: traffic does not depend on the API. No address in the settings: it waits for
/// other settings. Ends its server, and with it all requests, before it ends.
api_actor spawn_api(caf::actor_system& system, settings_ptr settings, log_ptr log,
                    const supervisor_actor& supervisor);

}  // namespace switchyard::actors
