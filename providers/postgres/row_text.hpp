#pragma once

// The text of a JSON object taken apart without reading its values, so that one value that a strict
// reader refuses does not spoil the others.
//
// Pure. Threading: none.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchyard::providers::postgres {

/// A member's name and the text of its value, which points into the object's text.
using text_member = std::pair<std::string, std::string_view>;

/// The members of the object in their order, names that come twice included; nothing when `text` is
/// no object. Values are only told from each other: whether each is JSON its reader must find out.
std::optional<std::vector<text_member>> members_of(std::string_view text);

}  // namespace switchyard::providers::postgres
