#pragma once

// A column's value as to_json would write it, made here of what the column's type writes by itself:
// for the usual types that spares the database an expression for each column.
//
// Pure. Threading: any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::providers::postgres {

/// `type`: the type's number in pg_type.dat, the same in each version. Nothing for a type other
/// than boolean, smallint, integer, bigint, text, varchar, inet, json and jsonb.
std::optional<std::string> json_of(std::uint32_t type, std::string_view text);

}  // namespace switchyard::providers::postgres
