#pragma once

// The text of a JSON document as a provider's full view.
//
// Pure. Threading: none.

#include <cstddef>
#include <string_view>

#include "base/outcome.hpp"
#include "model/event.hpp"

namespace switchyard::providers {

/// errc::invalid: no document, with line and column or with a JSON pointer. Bad objects in a
/// document are refused one by one (model::decode_document). `depth`: of objects and lists in one
/// another, at most.
base::outcome<model::report> json_view(std::string_view text, std::size_t depth = 32);

}  // namespace switchyard::providers
