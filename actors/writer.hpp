#pragma once

#include <functional>
#include <memory>

#include "actors/observer.hpp"
#include "actors/protocol.hpp"
#include "haproxy/gateway.hpp"
#include "haproxy/surroundings.hpp"

namespace switchyard::actors {

/// What of the settings concerns the gateway.
haproxy::gateway_settings gateway_settings_of(const config::settings& settings);

/// How a writer is run; the defaults are the product's.
struct writer_options {
  /// Makes what its gateway has around it.
  std::function<std::unique_ptr<haproxy::surroundings>(const config::haproxy_settings&)> outside =
      haproxy::real_surroundings;
  /// On a thread of its own. Else it blocks the system's scheduler while it talks to HAProxy.
  bool detached = true;
};

/// Spawns the writer. It takes HAProxy over before it answers anything, and quits with an error
/// when the settings make that impossible (the log says why).
writer_actor spawn_writer(caf::actor_system& system, settings_ptr settings, observer_ptr seen_by,
                          writer_options options = {});

}  // namespace switchyard::actors
