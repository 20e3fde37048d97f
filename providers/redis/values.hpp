#pragma once

// From what a key holds to the objects of the document: a hash becomes the same object as JSON.
//
// Fields of a hash are text; which of them stand for numbers, truth values and objects is known
// here, and a text that is none is left to the decoder to refuse. An object may stand in one field
// as JSON (`check` = {"type": "http"}) or in several (`check.type` = http). Pure.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/document.hpp"
#include "providers/redis/keys.hpp"

namespace switchyard::providers::redis {

/// What a key holds.
struct content {
  enum class type {
    none,     ///< there is no such key
    hash,     ///< in `fields`
    text,     ///< a string, in `text`
    other,    ///< a type of Redis that switchyard does not read; `text` is its name
    too_long  ///< past longest_value; `text` is what it has, "" when it was read
  };

  type is = type::none;
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields;
  std::optional<std::chrono::milliseconds> expires_in;

  bool operator==(const content&) const = default;
};

/// Bytes of a string, or of all fields of a hash.
constexpr std::size_t longest_value = 65536;
/// Fields of a hash; no object has as many members.
constexpr std::int64_t most_fields = 1000;

/// The decoders of model/document.hpp on what the key holds (not content::type::none). Problems
/// name fields ("port", "check.path"). `depth`: of objects and
/// lists in one another in JSON, at most.
std::optional<model::server> read_server(const key_name& key, const content& value,
                                         std::size_t depth, model::problems& sink);
std::optional<model::backend_settings> read_settings(const key_name& key, const content& value,
                                                     std::size_t depth, model::problems& sink);
std::optional<model::route> read_route(const key_name& key, const content& value,
                                       model::problems& sink);

/// The problems in one line.
std::string reason_of(const model::problems& found);

}  // namespace switchyard::providers::redis
