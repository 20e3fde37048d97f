#include "providers/json_view.hpp"

#include "model/document.hpp"

namespace switchyard::providers {

base::outcome<model::report> json_view(std::string_view text, std::size_t depth) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return base::error{base::errc::invalid, "it is empty"};
  auto value = model::parse_json(text, {.depth = depth});
  if (!value) return value.error();
  return model::decode_document(*value);
}

}  // namespace switchyard::providers
