#pragma once

// Strict reading of JSON values: types, ranges and unknown keys, every error with the JSON pointer
// (RFC 6901) of its place.
//
// A reader walks one object; errors are collected, so that an operator sees all of them at once.
// Pure. Threading: none.

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/outcome.hpp"

namespace switchyard::model {

/// One thing that is wrong with a document.
struct problem {
  std::string pointer;  ///< RFC 6901; "" is the document itself
  std::string message;

  bool operator==(const problem&) const = default;
};

using problems = std::vector<problem>;

/// "pointer: message" of each, joined by "; ".
std::string to_string(const problems& list);

struct json_limits {
  std::size_t depth = 32;
  std::size_t bytes = 64U << 20;
};

/// Parses JSON text strictly: UTF-8, no duplicate keys, no trailing text, depth and size limited.
/// errc::invalid with "line:column: what"; for duplicate keys and depth also the JSON pointer.
base::outcome<nlohmann::json> parse_json(std::string_view text, const json_limits& limits = {});

/// Appends a token to a JSON pointer, escaped as RFC 6901 says.
std::string pointer_to(const std::string& parent, std::string_view token);

/// `text` in double quotes for error messages: shortened to `longest` bytes, valid UTF-8, control
/// characters escaped.
std::string quoted(std::string_view text, std::size_t longest = 60);

/// Reads the members of one JSON object. Members that were never asked for are problems when
/// finish() is called. Reads of absent members leave the target as it is and return false.
class object_reader {
 public:
  /// `value` must outlive the reader. A value that is no object is a problem.
  object_reader(const nlohmann::json& value, std::string pointer, problems& sink);

  bool is_object() const { return object_ != nullptr; }
  bool has(std::string_view key) const;
  const std::string& pointer() const { return pointer_; }
  /// The pointer of a member.
  std::string pointer(std::string_view key) const { return pointer_to(pointer_, key); }

  /// A string of 0…`longest` bytes without control characters.
  bool read(std::string_view key, std::string& target, std::size_t longest = 1024);
  /// The same, where null stands for "none".
  bool read(std::string_view key, std::optional<std::string>& target, std::size_t longest = 1024);
  bool read(std::string_view key, bool& target);
  /// A whole number in [low, high].
  bool read(std::string_view key, std::int64_t& target, std::int64_t low, std::int64_t high);
  /// A duration such as "2s" in [low, high].
  bool read(std::string_view key, std::chrono::milliseconds& target, std::chrono::milliseconds low,
            std::chrono::milliseconds high);
  /// One of the values for which `to_string` gives the word.
  template <class E>
  bool read_enum(std::string_view key, E& target, std::initializer_list<E> values);

  /// The raw member, marked as known; nullptr when absent. For lists and nested objects.
  const nlohmann::json* member(std::string_view key);
  /// Calls `each(element, pointer)` for the elements of a list; another type is a problem.
  /// false when absent or no list.
  bool each(std::string_view key,
            const std::function<void(const nlohmann::json&, const std::string&)>& callback);
  /// A problem unless the member is there.
  void require(std::string_view key);
  /// Adds a problem at a member.
  void fail(std::string_view key, std::string message);
  /// Reports members that nothing asked for. Call last.
  void finish();

 private:
  std::string choose(std::string_view key, const std::vector<std::string_view>& words, bool& ok);

  const nlohmann::json* object_ = nullptr;
  std::string pointer_;
  problems& problems_;
  std::set<std::string, std::less<>> known_;
};

template <class E>
bool object_reader::read_enum(std::string_view key, E& target, std::initializer_list<E> values) {
  std::vector<std::string_view> words;
  for (const E value : values) words.push_back(to_string(value));
  bool ok = false;
  const auto word = choose(key, words, ok);
  for (const E value : values)
    if (ok && word == to_string(value)) target = value;
  return ok;
}

}  // namespace switchyard::model
