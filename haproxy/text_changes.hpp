#pragma once

// What differs between two versions of a file of ours, section by section. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace switchyard::haproxy {

struct section_change {
  std::string section;  ///< "backend web", "frontend in", "global"; "" where a file has none
  std::vector<std::string> removed;  ///< lines, without spaces around them
  std::vector<std::string> added;

  bool operator==(const section_change&) const = default;
};

/// Of a configuration file: sections begin with a line that is not indented. Comments, conditions
/// (`.if`) and the layout's fingerprint are left out, since they follow from the rest.
std::vector<section_change> configuration_changes(std::string_view before, std::string_view after);

/// What differs between the settings of one backend (its section without server lines), in
/// HAProxy's words: "balance leastconn, without timeout server". Of more than three directives the
/// first three; "" when nothing is known of `before`.
std::string settings_in_words(std::string_view before, std::string_view after);

/// Of a file without sections (a map): one change with section "", or none.
std::vector<section_change> line_changes(std::string_view before, std::string_view after);

}  // namespace switchyard::haproxy
