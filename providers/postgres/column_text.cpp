#include "providers/postgres/column_text.hpp"

#include <nlohmann/json.hpp>

#include "providers/postgres/plain_row.hpp"

namespace switchyard::providers::postgres {

namespace {

enum type_number : std::uint32_t {  // src/include/catalog/pg_type.dat
  boolean = 16,
  bigint = 20,
  smallint = 21,
  integer = 23,
  text_type = 25,
  json_type = 114,
  inet = 869,
  varchar = 1043,
  jsonb = 3802
};

std::string quoted_json(std::string_view text) {
  std::string quoted;
  quoted.reserve(text.size() + 2);
  quoted.append(1, '"').append(text).append(1, '"');
  if (plain_text(quoted)) return quoted;
  using nlohmann::json;
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::optional<std::string> json_of(std::uint32_t type, std::string_view text) {
  switch (type) {
    case boolean:
      return text == "t" ? "true" : "false";
    case smallint:
    case integer:
    case bigint:
    case json_type:
    case jsonb:
      return std::string(text);
    case text_type:
    case varchar:
    case inet:
      return quoted_json(text);
    default:
      return std::nullopt;
  }
}

}  // namespace switchyard::providers::postgres
