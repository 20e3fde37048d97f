#include "haproxy/text_changes.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "haproxy/configuration.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using line_list = std::vector<std::string_view>;

template <class Function>
void each_line(std::string_view text, Function with) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    with(line);
  }
}

std::string_view unindented(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return line;
}

/// "backend web from x" → "backend web".
std::string_view title_of(std::string_view line) {
  auto rest = line;
  take_word(rest);
  take_word(rest);
  return line.substr(0, line.size() - rest.size());
}

std::map<std::string_view, line_list> sections_of(std::string_view text) {
  std::map<std::string_view, line_list> sections;
  auto* current = &sections[""];
  each_line(text, [&](std::string_view line) {
    if (unindented(line).empty() || line.starts_with('#') || line.starts_with('.')) return;
    if (line.find(layout_variable) != std::string_view::npos) return;
    if (!line.starts_with(' ')) {
      current = &sections[title_of(line)];
      // A section may come in several parts.
      if (!current->empty() && current->front() == line) return;
    }
    current->push_back(unindented(line));
  });
  return sections;
}

/// The lines that are not among the others, as often as they are not.
std::vector<std::string> without(const line_list& these, const line_list& others) {
  std::multiset<std::string_view> left(others.begin(), others.end());
  std::vector<std::string> result;
  for (const auto line : these) {
    const auto found = left.find(line);
    if (found == left.end())
      result.emplace_back(line);
    else
      left.erase(found);
  }
  return result;
}

/// "timeout server 30s" → "timeout server": what it sets. Of most it is the first word.
std::string_view directive_of(std::string_view line) {
  constexpr std::array two_words{"timeout ", "option ", "http-check "};
  auto rest = line;
  take_word(rest);
  if (std::ranges::any_of(two_words, [&](const char* of) { return line.starts_with(of); }))
    take_word(rest);
  return line.substr(0, line.size() - rest.size());
}

void compare(std::string_view section, const line_list& before, const line_list& after,
             std::vector<section_change>& into) {
  if (before == after) return;
  section_change change{std::string(section), without(before, after), without(after, before)};
  if (!change.removed.empty() || !change.added.empty()) into.push_back(std::move(change));
}

}  // namespace

std::vector<section_change> configuration_changes(std::string_view before, std::string_view after) {
  const auto old = sections_of(before);
  const auto next = sections_of(after);
  const line_list none;
  std::vector<section_change> changes;
  auto names = std::set<std::string_view>();
  for (const auto& [name, text] : old) names.insert(name);
  for (const auto& [name, text] : next) names.insert(name);
  for (const auto name : names) {
    const auto was = old.find(name);
    const auto is = next.find(name);
    compare(name, was == old.end() ? none : was->second, is == next.end() ? none : is->second,
            changes);
  }
  return changes;
}

std::string settings_in_words(std::string_view before, std::string_view after) {
  constexpr std::size_t shown = 3;
  if (before.empty()) return "";
  std::vector<std::string> words;
  for (const auto& change : configuration_changes(before, after)) {
    std::set<std::string_view> given;
    for (const auto& line : change.added) {
      given.insert(directive_of(line));
      words.push_back(line);
    }
    for (const auto& line : change.removed)
      if (given.insert(directive_of(line)).second)
        words.push_back("without " + std::string(directive_of(line)));
  }
  std::string text;
  for (std::size_t i = 0; i < words.size() && i < shown; ++i)
    text += (text.empty() ? "" : ", ") + words[i];
  if (words.size() > shown) text += " and " + std::to_string(words.size() - shown) + " more";
  return text;
}

std::vector<section_change> line_changes(std::string_view before, std::string_view after) {
  line_list old;
  line_list next;
  each_line(before, [&](std::string_view line) { old.push_back(line); });
  each_line(after, [&](std::string_view line) { next.push_back(line); });
  std::vector<section_change> changes;
  compare("", old, next, changes);
  return changes;
}

}  // namespace switchyard::haproxy
