#pragma once

// What a provider's report would take out of service by leaving it out: the guard's arithmetic.
//
// Pure. Costs follow the size of what the report names; those of a full one, of the whole view.

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/backend.hpp"
#include "model/event.hpp"
#include "model/places.hpp"

namespace switchyard::model {

/// Servers of one backend that take traffic in the view, and that the source has no more: neither
/// under their name nor, in that backend, at their address and port. (The end of those in drain or
/// maint, or of weight 0, was decided before.)
struct backend_losses {
  backend_ptr next;                ///< as the source has it; nullptr: it has none
  std::set<std::string> servers;   ///< their names
  std::size_t serving_before = 0;  ///< those of the view that take traffic
  std::size_t serving_after = 0;   ///< those of `next`
};

struct losses {
  std::map<std::string, backend_losses> backends;  ///< those that lose servers
  std::set<std::string> unknown;                   ///< whose servers as a whole could not be read
  std::set<place> routes;                          ///< that the source has no more
  std::size_t arrived = 0;  ///< servers that take traffic, are not in the view, and have an address
  std::vector<std::string> arrived_hosts;  ///< names of those that have a host name in its place
  std::ptrdiff_t serving_change = 0;       ///< of those that take traffic, if all is taken as it is
};

/// `view`, `routes`: what is in service of the provider.
losses losses_of(const std::map<std::string, backend_ptr>& view, const std::vector<route>& routes,
                 const report& report);

}  // namespace switchyard::model
