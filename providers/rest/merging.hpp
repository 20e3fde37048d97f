#pragma once

// The views of several URLs as one.
//
// Pure. Threading: none.

#include <string>
#include <vector>

#include "model/event.hpp"

namespace switchyard::providers::rest {

struct part {
  std::string name;  ///< of the URL, as it is shown
  const model::report* view;
};

/// A backend that several parts name has the servers of all of them, and the settings of the first
/// one. What two parts say differently is the first one's, and refused for the other: settings, a
/// server, the place of a route. Keys of refusals are "NAME: pointer" when there are several parts.
model::report merge(const std::vector<part>& parts);

}  // namespace switchyard::providers::rest
