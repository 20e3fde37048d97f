#pragma once

// JSON Schemas as tests walk them: properties, references resolved.

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace switchyard::tests {

/// A schema of the repository: "settings" or "document".
nlohmann::json load_schema(const std::string& name);

/// The node with what its $ref (or the $ref among its anyOf) refers to merged in; its own words
/// win.
nlohmann::json resolve(const nlohmann::json& schema, nlohmann::json node);

/// The names of an object's properties.
std::set<std::string> property_names(const nlohmann::json& node);

/// The known keys that an "unknown key, known here: a, b" message names.
std::set<std::string> known_keys(const std::string& message);

/// Values at and past the ends of a property's range, as its schema states it.
struct range_ends {
  std::vector<nlohmann::json> inside;
  std::vector<nlohmann::json> outside;
};
range_ends ends_of(const nlohmann::json& property);

}  // namespace switchyard::tests
