#pragma once

// Columns as to_json writes them, read without a JSON parser where they are plain, as nearly all
// are: it is the way of every single change, and nlohmann::json's code takes 40 µs when the
// processor's caches are cold.
//
// Whatever is not plain is not judged here but left to row_object.hpp and the decoder of
// model/document.hpp, which have the words for it. Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/backend.hpp"

namespace switchyard::providers::postgres {

/// A whole number as JSON writes it: a minus at most, no zero in front.
std::optional<std::int64_t> whole_number(std::string_view text);

/// What is between the quotes of a string of printable ASCII in which nothing is escaped. (A column
/// of type json may hold what a strict parser would not take.)
std::optional<std::string_view> plain_text(std::string_view text);

/// The server of a row with a literal address and no options; `columns` are those of
/// server_columns (rows.hpp), in their order, nothing where one is NULL. It is the same that the
/// decoder would make of them; nothing when it might refuse them, or is needed.
std::optional<model::server> plain_server(std::span<const std::optional<std::string>> columns);

}  // namespace switchyard::providers::postgres
