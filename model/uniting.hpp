#pragma once

// Several providers' versions of one backend, and the one that is desired. Pure.

#include <string>
#include <vector>

#include "model/backend.hpp"
#include "model/collision.hpp"

namespace switchyard::model {

/// A backend as one provider has it.
struct provided {
  std::string provider;
  backend_ptr value;  ///< never nullptr

  bool operator==(const provided&) const = default;
};

struct desired_version {
  backend_ptr value;  ///< nullptr: there are no versions
  std::vector<collision> collisions;
};

/// The first version (the one that is used, then the others); each other one is a collision.
desired_version first_of(const std::vector<provided>& versions);

/// The servers of all of them, with the settings of the first. Of two servers with the same name
/// the first is taken; the other one is a collision, and so are settings that differ (unless they
/// are the default ones, which a provider gives that knows of servers alone). O(n log n).
desired_version unite(const std::vector<provided>& versions);

/// One provider's routes, each host and path once.
struct provided_routes {
  std::string provider;
  const std::vector<route>& value;
};

/// The routes that lead to another backend than the same host and path do for an earlier one of the
/// providers (they come by precedence), each with the first of them. O(n log n).
std::vector<collision> contested_routes(const std::vector<provided_routes>& all);

}  // namespace switchyard::model
