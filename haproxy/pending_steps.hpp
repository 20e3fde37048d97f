#pragma once

// What the gateway has planned and not carried out yet. Plain values.

#include <map>
#include <string>
#include <vector>

#include "haproxy/planner.hpp"

namespace switchyard::haproxy {

struct pending_step {
  std::string backend;
  step what;
};

struct pending_steps {
  std::vector<pending_step> steps;    ///< additions and changes
  std::vector<pending_step> leaving;  ///< of retiring backends: after the routes have moved
  std::map<std::string, std::vector<std::string>> departing;  ///< servers, by backend: likewise
};

}  // namespace switchyard::haproxy
