#include "cli/terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "base/characters.hpp"

namespace switchyard::cli {

namespace {

std::string_view code_of(colour which) {
  switch (which) {
    case colour::red:
      return "\x1b[31m";
    case colour::green:
      return "\x1b[32m";
    case colour::yellow:
      return "\x1b[33m";
    case colour::cyan:
      return "\x1b[36m";
    case colour::faint:
      return "\x1b[2m";
    case colour::none:
      break;
  }
  return "";
}

bool wanted() {
  const char* refused = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0') &&
         terminal != nullptr && std::string_view(terminal) != "dumb";
}

/// Characters of UTF-8, each taken for one column.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

bool colours() {
  static const bool decided = wanted();
  return decided;
}

std::string painted(std::string_view text, colour which) {
  if (which == colour::none || text.empty() || !colours()) return std::string(text);
  return std::string(code_of(which)).append(text).append("\x1b[0m");
}

std::string harmless(std::string_view text) {
  return base::without_controls(text, "\n\t");
}

table::table(std::vector<std::string> head) : head_(std::move(head)) {}

void table::row(std::vector<cell> cells) {
  cells.resize(head_.size());
  for (auto& c : cells) c.text = harmless(c.text);
  rows_.push_back(std::move(cells));
}

void table::print() const {
  std::vector<std::size_t> widths;
  for (const auto& name : head_) widths.push_back(width(name));
  for (const auto& cells : rows_)
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], width(cells[i].text));
  const auto line = [&](auto text_of, auto shade_of) {
    std::string text, blanks;
    for (std::size_t i = 0; i < head_.size(); ++i) {
      const std::string& word = text_of(i);
      if (!word.empty()) text += blanks + painted(word, shade_of(i));
      blanks =
          (word.empty() ? blanks : std::string()) + std::string(widths[i] - width(word) + 2, ' ');
    }
    std::cout << text << '\n';
  };
  line([&](std::size_t i) -> const std::string& { return head_[i]; },
       [](std::size_t) { return colour::faint; });
  for (const auto& cells : rows_)
    line([&](std::size_t i) -> const std::string& { return cells[i].text; },
         [&](std::size_t i) { return cells[i].shade; });
}

}  // namespace switchyard::cli
