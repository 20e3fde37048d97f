#pragma once

#include <functional>

#include "actors/observer.hpp"
#include "actors/protocol.hpp"
#include "base/outcome.hpp"
#include "providers/provider.hpp"

namespace switchyard::actors {

/// Makes the provider that the actor drives; called once for each actor.
using provider_factory = std::function<base::outcome<providers::provider_ptr>()>;

/// How much one provider may have on the way, and in all.
struct provider_bounds {
  std::size_t event_buffer = 100;  ///< reports that wait apart
  std::size_t max_objects = 0;     ///< backends, servers and routes; 0: no limit
};

/// Spawns the actor of one provider. It starts watching when it is told which manager to use.
/// Epochs grow by one with every start; `first_epoch` must be larger than any that a predecessor of
/// that name used. It quits with an error when the factory fails.
provider_actor spawn_provider(caf::actor_system& system, const std::string& name,
                              provider_factory factory, const provider_bounds& bounds,
                              std::uint64_t first_epoch, observer_ptr seen_by);

}  // namespace switchyard::actors
