#pragma once

// One change by hand, as an operator asks for it through the API. Plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/backend.hpp"

namespace switchyard::model {

struct edit {
  enum class kind {
    put_backend,     ///< `value` in the place of whatever has its name
    remove_backend,  ///< the backend of that name
    change_server,   ///< weight and state of one server
    put_routes,      ///< `routes` in the place of all
  };
  kind what = kind::put_backend;
  std::string backend;  ///< the name; "" for put_routes
  std::string server;   ///< for change_server
  backend_ptr value;
  std::optional<std::uint16_t> weight;
  std::optional<server_state> state;
  std::vector<route> routes;
  /// Only if what is there has this version (see version_of), "*": any, but it must be there.
  std::optional<std::string> if_match;
  bool if_absent = false;  ///< only if nothing is there
};

struct edited {
  bool created = false;
  bool changed = false;
  std::string version;  ///< of what is there now; "" when it is gone
};

}  // namespace switchyard::model
