#pragma once

// Pieces of HAProxy's replies: lines, words and numbers. Inside haproxy/ only.

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace switchyard::haproxy {

/// The next line without its end; nothing at the end of the text.
inline std::optional<std::string_view> next_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The next word of a line; empty at its end.
inline std::string_view next_word(std::string_view& line) {
  const auto start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos) {
    line = {};
    return {};
  }
  line.remove_prefix(start);
  const auto word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

/// Whether all of `text` is a number that fits.
template <class Number>
bool read_number(std::string_view text, Number& into) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), into);
  return ec == std::errc{} && end == text.data() + text.size();
}

}  // namespace switchyard::haproxy
