#include "model/document_text.hpp"

#include <algorithm>

namespace switchyard::model {

namespace {

bool alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool valid_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return alphanumeric(c) || c == '-' || c == '_'; });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

}  // namespace

bool valid_host(std::string_view text) {
  if (text.size() > max_host) return false;
  for (;;) {
    const auto dot = text.find('.');
    if (!valid_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::optional<std::string> canonical_host(std::string_view text) {
  const auto last = text.substr(text.rfind('.') + 1);
  const bool numeric = std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
  if (!valid_host(text) || numeric) return {};
  return lower_case(text);
}

std::optional<std::string> canonical_route_host(std::string_view text) {
  if (text.empty()) return std::string();
  const auto name = text.starts_with("*.") ? text.substr(2) : text;
  if (text.size() > max_host || !valid_host(name)) return {};
  return lower_case(text);
}

bool valid_path(std::string_view text, bool query) {
  constexpr std::string_view others = "/-._~!$&()*+,=:@";
  if (!text.starts_with('/') || text.size() > max_path) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !hex_digit(text[i + 1]) || !hex_digit(text[i + 2])) return false;
    } else if (!alphanumeric(c) && others.find(c) == std::string_view::npos &&
               !(query && c == '?')) {
      return false;
    }
  }
  return true;
}

std::optional<std::string> canonical_route_path(std::string_view text) {
  if (!valid_path(text, false)) return {};
  while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

bool valid_cookie_name(std::string_view text) {
  constexpr std::string_view others = "!%&*+-._~";
  return !text.empty() && text.size() <= max_cookie_name && std::ranges::all_of(text, [&](char c) {
    return alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

}  // namespace switchyard::model
