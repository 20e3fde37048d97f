#include "model/json_reader.hpp"

#include <algorithm>
#include <limits>

#include "base/characters.hpp"
#include "base/duration.hpp"

namespace switchyard::model {

namespace {

constexpr std::size_t most_unknown_keys = 10;
constexpr std::size_t max_key_shown = 128;

/// What is wrong with the bytes of a string, "" when nothing is.
std::string text_fault(std::string_view text, std::size_t longest) {
  if (text.size() > longest)
    return "must be at most " + std::to_string(longest) + " bytes long, not " +
           std::to_string(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (base::is_control(text, i))
      return "must not have control characters, as in " + model::quoted(text);
    const auto length = base::character_length(text, i);
    if (length == 0) return "must be UTF-8, unlike " + model::quoted(text);
    i += length;
  }
  return {};
}

std::string escaped(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  return {'\\', 'x', digits[byte >> 4U], digits[byte & 15U]};
}

/// "the string "8080"", "70000", "true", "a list".
std::string shown(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::string:
      return "the string " + model::quoted(value.get_ref<const std::string&>());
    case nlohmann::json::value_t::object:
      return "an object";
    case nlohmann::json::value_t::array:
      return "a list";
    case nlohmann::json::value_t::binary:
      return "binary data";
    default:
      return value.dump();
  }
}

std::string joined(const auto& words, bool in_quotes) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += ", ";
    text += in_quotes ? model::quoted(word) : std::string(word);
  }
  return text;
}

}  // namespace

std::string to_string(const problems& list) {
  std::string text;
  for (const auto& p : list) {
    if (!text.empty()) text += "; ";
    if (!p.pointer.empty()) text += p.pointer + ": ";
    text += p.message;
  }
  return text;
}

std::string pointer_to(const std::string& parent, std::string_view token) {
  std::string result = parent + "/";
  for (const char c : token) {
    if (c == '~')
      result += "~0";
    else if (c == '/')
      result += "~1";
    else
      result += c;
  }
  return result;
}

std::string quoted(std::string_view text, std::size_t longest) {
  std::string result = "\"";
  for (std::size_t i = 0; i < text.size();) {
    if (i >= longest) return result + "…\"";
    const auto length = base::character_length(text, i);
    if (length == 0 || base::is_control(text, i)) {
      result += escaped(text[i++]);
      continue;
    }
    if (text[i] == '"' || text[i] == '\\') result += '\\';
    result += text.substr(i, length);
    i += length;
  }
  return result + "\"";
}

object_reader::object_reader(const nlohmann::json& value, std::string pointer, problems& sink)
    : pointer_(std::move(pointer)), problems_(sink) {
  if (value.is_object())
    object_ = &value;
  else
    problems_.push_back({pointer_, "must be an object, not " + shown(value)});
}

bool object_reader::has(std::string_view key) const {
  return object_ != nullptr && object_->find(key) != object_->end();
}

const nlohmann::json* object_reader::member(std::string_view key) {
  if (object_ == nullptr) return nullptr;
  known_.emplace(key);
  const auto found = object_->find(key);
  return found == object_->end() ? nullptr : &*found;
}

bool object_reader::read(std::string_view key, std::string& target, std::size_t longest) {
  const auto* value = member(key);
  if (value == nullptr) return false;
  if (!value->is_string()) {
    fail(key, "must be a string, not " + shown(*value));
    return false;
  }
  const auto& text = value->get_ref<const std::string&>();
  if (auto fault = text_fault(text, longest); !fault.empty()) {
    fail(key, std::move(fault));
    return false;
  }
  target = text;
  return true;
}

bool object_reader::read(std::string_view key, std::optional<std::string>& target,
                         std::size_t longest) {
  const auto* value = member(key);
  if (value != nullptr && value->is_null()) {
    target.reset();
    return true;
  }
  std::string text;
  if (!read(key, text, longest)) return false;
  target = std::move(text);
  return true;
}

bool object_reader::read(std::string_view key, bool& target) {
  const auto* value = member(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) {
    fail(key, "must be true or false, not " + shown(*value));
    return false;
  }
  target = value->get<bool>();
  return true;
}

bool object_reader::read(std::string_view key, std::int64_t& target, std::int64_t low,
                         std::int64_t high) {
  const auto* value = member(key);
  if (value == nullptr) return false;
  // nlohmann's get<> wraps numbers that do not fit; the largest ones are stored unsigned.
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  const bool fits = value->is_number_unsigned()
                        ? value->get<std::uint64_t>() <= static_cast<std::uint64_t>(largest)
                        : value->is_number_integer();
  const std::int64_t number = fits ? value->get<std::int64_t>() : 0;
  if (!fits || number < low || number > high) {
    fail(key, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high) +
                  ", not " + shown(*value));
    return false;
  }
  target = number;
  return true;
}

bool object_reader::read(std::string_view key, std::chrono::milliseconds& target,
                         std::chrono::milliseconds low, std::chrono::milliseconds high) {
  const auto* value = member(key);
  if (value == nullptr) return false;
  const auto parsed = value->is_string()
                          ? base::parse_duration(value->get_ref<const std::string&>())
                          : base::outcome<std::chrono::milliseconds>(base::error{});
  if (!parsed || *parsed < low || *parsed > high) {
    fail(key, "must be a duration such as \"2s\" or \"500ms\", from " + base::format_duration(low) +
                  " to " + base::format_duration(high) + ", not " + shown(*value));
    return false;
  }
  target = *parsed;
  return true;
}

bool object_reader::each(
    std::string_view key,
    const std::function<void(const nlohmann::json&, const std::string&)>& callback) {
  const auto* value = member(key);
  if (value == nullptr) return false;
  if (!value->is_array()) {
    fail(key, "must be a list, not " + shown(*value));
    return false;
  }
  const auto list = pointer(key);
  for (std::size_t i = 0; i < value->size(); ++i)
    callback((*value)[i], list + "/" + std::to_string(i));
  return true;
}

void object_reader::require(std::string_view key) {
  if (object_ != nullptr && !has(key)) fail(key, "is missing");
}

void object_reader::fail(std::string_view key, std::string message) {
  problems_.push_back({pointer(key), std::move(message)});
}

void object_reader::finish() {
  if (object_ == nullptr) return;
  std::size_t unknown = 0;
  for (const auto& item : object_->items()) {
    const auto& key = item.key();
    if (known_.contains(key) || ++unknown > most_unknown_keys) continue;
    const auto message = "unknown key, known here: " + joined(known_, false);
    // A pointer goes into logs as it is, so it must not carry anything a key can hold.
    if (text_fault(key, max_key_shown).empty())
      fail(key, message);
    else
      problems_.push_back({pointer_, model::quoted(key) + ": " + message});
  }
  if (unknown > most_unknown_keys)
    problems_.push_back(
        {pointer_, std::to_string(unknown - most_unknown_keys) + " more unknown keys"});
}

std::string object_reader::choose(std::string_view key, const std::vector<std::string_view>& words,
                                  bool& ok) {
  const auto* value = member(key);
  if (value == nullptr) return {};
  if (value->is_string()) {
    auto word = value->get<std::string>();
    ok = std::ranges::find(words, word) != words.end();
    if (ok) return word;
  }
  fail(key, "must be one of " + joined(words, true) + ", not " + shown(*value));
  return {};
}

}  // namespace switchyard::model
