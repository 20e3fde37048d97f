#pragma once

// SWITCHYARD_ variables laid over the settings file's values. Pure. Threading: none.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace switchyard::config {

struct override_result {
  /// JSON pointer → the variable whose value stands there now.
  std::map<std::string, std::string> origins;
  /// Variables that could not be laid over anything: "SWITCHYARD_X: what and how to mend it".
  std::vector<std::string> problems;
};

/// Puts each variable's value into `document` where its name points. Whether a key exists at all is
/// for the reader of the document to say: `origins` tells it where the value came from.
override_result apply_overrides(nlohmann::json& document, const environment& variables);

}  // namespace switchyard::config
