#pragma once

// What the client commands share: reading answers that may lack a field, and saying failures.
//
// Threading: none.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::cli {

/// A member's text; a number as its digits; "" for null and for what is not there.
std::string text_at(const nlohmann::json& object, std::string_view key);
/// A member's number, 0 for anything else.
std::uint64_t number_at(const nlohmann::json& object, std::string_view key);
/// A member, null when it is not there.
const nlohmann::json& member(const nlohmann::json& object, std::string_view key);
/// The texts of a list, with commas between.
std::string joined(const nlohmann::json& list);

/// Prints an answer as it came.
void print_json(const nlohmann::json& body);

/// Says why on standard error, and gives the exit code: 2 for wrong usage, else 1.
int failed(std::string_view command, const base::error& why);

}  // namespace switchyard::cli
