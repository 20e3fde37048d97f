#pragma once

// What Redis answers, as values (RESP2). Threading: values.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::providers::redis {

struct reply {
  enum class type { nil, text, integer, error, list };

  type is = type::nil;
  std::string text{};  ///< of text (simple and bulk strings) and error
  std::int64_t integer = 0;
  std::vector<reply> list{};

  bool error() const { return is == type::error; }
  /// An error whose first word is this one ("WRONGTYPE", "NOPERM").
  bool error(std::string_view word) const {
    return error() && text.starts_with(word) &&
           (text.size() == word.size() || text[word.size()] == ' ');
  }

  bool operator==(const reply&) const = default;
};

using command = std::vector<std::string>;

}  // namespace switchyard::providers::redis
