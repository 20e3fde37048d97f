#pragma once

// Finding the quote that somebody forgot to close in a YAML text. Pure.
//
// YAML lets a quoted text go on over lines, so that the missing quote of one value is found at the
// opening quote of another one, many lines below, if at all, and the lines in between are gone.

#include <optional>
#include <string>
#include <string_view>

#include "base/yaml.hpp"

namespace switchyard::base {

struct long_quote {
  text_position began;
  std::optional<text_position> ended;  ///< nothing: it is never closed

  /// "the quote that began at 4:43 ends at 6:13 only; …".
  std::string sentence() const;
  bool operator==(const long_quote&) const = default;
};

/// The first quoted text that is never closed, or has a line in it that reads like an entry of a
/// map or list. A hint for a text that cannot be used: it knows no more of YAML than where quotes,
/// comments and lines begin.
std::optional<long_quote> swallowing_quote(std::string_view text);

}  // namespace switchyard::base
