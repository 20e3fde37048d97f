#pragma once

// YAML read into JSON values that remember where in the text they stood.
//
// Scalars follow YAML 1.2's core schema: quoted ones are strings; plain ones are null, booleans,
// integers, floats, else strings. Pure. Threading: none.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "base/yaml_positions.hpp"

namespace switchyard::base {

struct yaml_document {
  nlohmann::json value;
  /// A member of a map stands where its key does. What an alias stands for has the position of the
  /// alias only.
  yaml_positions positions;

  /// The position of a JSON pointer, or of its nearest ancestor that has one.
  text_position at(const std::string& pointer) const { return positions.at(pointer); }
};

struct yaml_limits {
  std::size_t depth = 32;         ///< nesting of maps and lists
  std::size_t nodes = 4'000'000;  ///< values, aliases counted as often as they are used
  std::size_t bytes = 64U << 20;  ///< of the text, and of all its strings with aliases resolved
};

/// Reads one document. errc::invalid with "line:column: what" for syntax errors, duplicate keys,
/// keys that are no scalars, a second document, integers past 64 bits, bytes that are no UTF-8
/// text, and anything past the limits. A text without a document is null.
outcome<yaml_document> parse_yaml(std::string_view text, const yaml_limits& limits = {});

}  // namespace switchyard::base
