#pragma once

// What the gateway has planned and not carried out yet, and where a report stood before that. Plain
// values.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/counted_conversation.hpp"
#include "haproxy/planner.hpp"
#include "haproxy/route_table.hpp"

namespace switchyard::haproxy {

struct pending_step {
  std::string backend;
  step what;
};

struct pending_steps {
  std::vector<pending_step> steps;    ///< additions and changes
  std::vector<pending_step> leaving;  ///< of retiring backends: after the routes have moved
  std::map<std::string, std::vector<std::string>> departing;  ///< servers, by backend: likewise
  std::optional<route_table::stand_ins> stand_ins;            ///< once looked for
};

/// Backends and their servers.
using deleted_servers = std::vector<std::pair<std::string, std::string>>;

/// plan_relief(); none for a backend that nobody desires.
std::vector<pending_step> relief_of(const model::backend_ptr& desired,
                                    const actual_backend& running);

/// Where a report stood before repairs: what came since were they.
struct before_repairs {
  unsigned steps = 0;
  command_tally sent;
  std::size_t notices = 0;
};

}  // namespace switchyard::haproxy
