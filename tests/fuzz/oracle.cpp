#include "tests/fuzz/oracle.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace switchyard::fuzz {

namespace {

constexpr std::size_t most_words = 64;
constexpr std::size_t buffer_size = 16'384;  // tune.bufsize

bool printable_ascii(char c) {
  return c >= 0x20 && c <= 0x7e;
}

/// In one pass: a value may hold a marker itself.
std::string with_values(std::string_view word, const values& in_place_of) {
  std::string made;
  while (!word.empty()) {
    const auto known = std::ranges::find_if(
        in_place_of, [&](const auto& entry) { return word.starts_with(entry.first); });
    const bool found = known != in_place_of.end();
    made += found ? std::string_view(known->second) : word.substr(0, 1);
    word.remove_prefix(found ? known->first.size() : 1);
  }
  return made;
}

}  // namespace

void require(bool holds, std::string_view rule, std::string_view at) {
  if (holds) return;
  std::fprintf(stderr, "A rule is broken: %.*s\nin: %.*s\n", static_cast<int>(rule.size()),
               rule.data(), static_cast<int>(at.size()), at.data());
  std::abort();
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  require(text.empty() || text.ends_with('\n'), "the last line ends in a newline", text);
  while (!text.empty()) {
    lines.push_back(text.substr(0, text.find('\n')));
    text.remove_prefix(lines.back().size() + 1);
  }
  return lines;
}

words split(std::string_view line) {
  words all;
  bool inside = false;
  for (const char c : line) {
    if (c != ' ' && !inside) all.emplace_back();
    inside = c != ' ';
    if (inside) all.back() += c;
  }
  return all;
}

void require_command(std::string_view line, const words& meant) {
  for (const char c : line) {
    require(printable_ascii(c), "a command is printable ASCII", line);
    require(c != ';', "a command has no semicolon", line);
    require(c != '"' && c != '\'' && c != '\\', "a command has no quote or backslash", line);
  }
  require(line.find("<<") == std::string_view::npos, "a command opens no payload", line);
  require(line.size() < buffer_size, "a command fits HAProxy's buffer", line);
  const auto got = split(line);
  require(got.size() <= most_words, "a command has no more words than HAProxy reads", line);
  require(got == meant, "a command has the words that were meant and no other", line);
}

words config_words(std::string_view line) {
  words all;
  bool quoted = false;
  bool inside = false;
  for (const char c : line) {
    require(printable_ascii(c), "a configuration line is printable ASCII", line);
    require(c != '"' && c != '\\', "a configuration line has no double quote or backslash", line);
    if (!quoted) require(c != '#', "a configuration line has no comment", line);
    if (c == ' ' && !quoted) {
      inside = false;
      continue;
    }
    if (!inside) all.emplace_back();
    inside = true;
    if (c == '\'')
      quoted = !quoted;
    else
      all.back() += c;
  }
  require(!quoted, "a configuration line leaves no quote open", line);
  return all;
}

void require_same_shape(std::string_view text, std::string_view plain, const values& in_place_of) {
  const auto got = lines_of(text);
  const auto meant = lines_of(plain);
  require(got.size() == meant.size(), "a value adds no line", text);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const bool starts_section = !got[i].empty() && got[i].front() != ' ';
    require(starts_section == (!meant[i].empty() && meant[i].front() != ' '),
            "a value begins no section", got[i]);
    const auto has = config_words(got[i]);
    const auto wanted = config_words(meant[i]);
    require(has.size() == wanted.size(), "a value adds no word", got[i]);
    for (std::size_t w = 0; w < has.size(); ++w)
      require(has[w] == with_values(wanted[w], in_place_of), "a value is written as it is", got[i]);
  }
}

void require_plain_bytes(std::string_view text) {
  for (const char c : text) {
    require(c == '\n' || printable_ascii(c), "a file of ours is printable ASCII", text);
    require(c != '"' && c != '\\', "a file of ours has no double quote or backslash", text);
  }
}

std::size_t count_sections(std::string_view text) {
  std::size_t sections = 0;
  for (const auto line : lines_of(text))
    if (!line.empty() && line.front() != ' ' && line.front() != '#' && line.front() != '.')
      ++sections;
  return sections;
}

}  // namespace switchyard::fuzz
