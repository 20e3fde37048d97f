#include "base/text.hpp"

#include <algorithm>

namespace switchyard::base {

namespace {

bool plain(char c) {
  constexpr std::string_view marks = "_-./:=@%+,";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

}  // namespace

std::string counted(std::uint64_t number, std::string_view noun) {
  auto text = std::to_string(number) + " ";
  if (number == 1) return text.append(noun);
  constexpr std::string_view vowels = "aeiou";
  if (noun.size() > 1 && noun.back() == 'y' &&
      vowels.find(noun[noun.size() - 2]) == std::string_view::npos)
    return text.append(noun.substr(0, noun.size() - 1)).append("ies");
  return text.append(noun).append("s");
}

std::string masked(std::string text, std::string_view secret) {
  constexpr std::string_view mask = "***";
  if (secret.empty()) return text;
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + mask.size()))
    text.replace(at, secret.size(), mask);
  return text;
}

std::string shell_word(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, plain)) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace switchyard::base
