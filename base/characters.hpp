#pragma once

// Characters of UTF-8, and those among them that terminals obey. Pure.

#include <cstddef>
#include <string>
#include <string_view>

namespace switchyard::base {

/// The length in bytes of the UTF-8 character at `i` (RFC 3629, section 4), 0 when there is none.
/// `i` is less than the size of `text`, here and below.
std::size_t character_length(std::string_view text, std::size_t i);

/// Whether a control character begins at `i`: U+0000 to U+001F and U+007F to U+009F. Terminals obey
/// the latter as well: U+009B is what ESC [ stands for.
bool is_control(std::string_view text, std::size_t i);

/// `text` with ? in the place of each control character, those in `kept` (ASCII) apart, and of each
/// byte that is no UTF-8: a terminal that knows none would obey it.
std::string without_controls(std::string_view text, std::string_view kept = {});

}  // namespace switchyard::base
