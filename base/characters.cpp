#include "base/characters.hpp"

#include <algorithm>
#include <cstdint>

namespace switchyard::base {

namespace {

bool continuation(std::string_view text, std::size_t i, std::uint8_t low = 0x80,
                  std::uint8_t high = 0xbf) {
  if (i >= text.size()) return false;
  const auto byte = static_cast<std::uint8_t>(text[i]);
  return byte >= low && byte <= high;
}

}  // namespace

std::size_t character_length(std::string_view text, std::size_t i) {
  const auto lead = static_cast<std::uint8_t>(text[i]);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continuation(text, i + 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const std::uint8_t low = lead == 0xe0 ? 0xa0 : 0x80;
    const std::uint8_t high = lead == 0xed ? 0x9f : 0xbf;
    return continuation(text, i + 1, low, high) && continuation(text, i + 2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const std::uint8_t low = lead == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;
    return continuation(text, i + 1, low, high) && continuation(text, i + 2) &&
                   continuation(text, i + 3)
               ? 4
               : 0;
  }
  return 0;
}

bool is_control(std::string_view text, std::size_t i) {
  const auto byte = static_cast<std::uint8_t>(text[i]);
  return byte < 0x20 || byte == 0x7f || (byte == 0xc2 && continuation(text, i + 1, 0x80, 0x9f));
}

std::string without_controls(std::string_view text, std::string_view kept) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto length = character_length(text, i);
    const bool stays = kept.find(text[i]) != std::string_view::npos;
    if (length == 0 || (is_control(text, i) && !stays))
      result += '?';
    else
      result += text.substr(i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return result;
}

}  // namespace switchyard::base
