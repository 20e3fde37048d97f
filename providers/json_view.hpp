#pragma once

// The text of a JSON document as a provider's full view.
//
// Pure. Threading: none.

#include <string_view>

#include "base/outcome.hpp"
#include "model/event.hpp"

namespace switchyard::providers {

/// errc::invalid: no document, with line and column or with a JSON pointer. Bad objects in a
/// document are refused one by one (model::decode_document).
base::outcome<model::report> json_view(std::string_view text);

}  // namespace switchyard::providers
