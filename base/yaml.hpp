#pragma once

// YAML read into JSON values that remember where in the text they stood.
//
// Scalars follow YAML 1.2's core schema: quoted ones are strings; plain ones are null, booleans,
// integers, floats, else strings. Pure. Threading: none.

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::base {

/// A place in a text, both counted from 1.
struct text_position {
  std::size_t line = 1;
  std::size_t column = 1;

  bool operator==(const text_position&) const = default;
};

struct yaml_document {
  nlohmann::json value;
  /// JSON pointer → where that value stands, for a member of a map where its key does; "" is the
  /// document itself. What an alias stands for has the position of the alias only.
  std::map<std::string, text_position> positions;

  /// The position of a pointer, or of its nearest ancestor that has one.
  text_position at(const std::string& pointer) const;
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
