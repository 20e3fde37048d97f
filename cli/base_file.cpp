#include "cli/base_file.hpp"

#include <algorithm>
#include <array>

#include "base/atomic_file.hpp"

namespace switchyard::cli {

namespace {

constexpr std::array<std::string_view, 6> proxies{"frontend", "listen", "backend",
                                                  "defaults", "global", "peers"};
constexpr std::array<std::string_view, 10> others{
    "resolvers", "userlist", "mailers",     "cache",       "program",
    "ring",      "fcgi-app", "http-errors", "log-forward", "crt-store"};

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  line = line.substr(0, line.find('#'));
  constexpr std::string_view blanks = " \t\r";
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    if (line.empty()) return words;
    const auto end = std::min(line.find_first_of(blanks), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

bool begins_section(const std::string& word) {
  return std::ranges::find(proxies, word) != proxies.end() ||
         std::ranges::find(others, word) != others.end();
}

bool begins_with(const std::vector<std::string>& line, const std::vector<std::string>& words) {
  return line.size() >= words.size() && std::equal(words.begin(), words.end(), line.begin());
}

}  // namespace

const std::vector<std::string>* base_section::find(const std::vector<std::string>& words) const {
  const auto found =
      std::ranges::find_if(lines, [&](const auto& line) { return begins_with(line, words); });
  return found == lines.end() ? nullptr : &*found;
}

base_sections parse_base(std::string_view text) {
  base_sections all;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    if (begins_section(words.front())) {
      base_section section{words.front(), words.size() > 1 ? words[1] : "", "", {}};
      for (std::size_t i = 1; i + 1 < words.size(); ++i)
        if (words[i] == "from") section.defaults = words[i + 1];
      all.push_back(std::move(section));
    } else if (!all.empty()) {
      all.back().lines.push_back(std::move(words));
    }
  }
  return all;
}

std::optional<base_sections> read_base(const config::haproxy_settings& settings) {
  if (!settings.base_file) return std::nullopt;
  const auto text = base::read_file(*settings.base_file);
  if (!text) return std::nullopt;
  return parse_base(*text);
}

const std::vector<std::string>* effective(const base_sections& all, std::size_t proxy,
                                          const std::vector<std::string>& words) {
  const auto& section = all.at(proxy);
  if (const auto* own = section.find(words)) return own;
  const base_section* defaults = nullptr;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind != "defaults") continue;
    const bool named = !section.defaults.empty();
    if (named ? all[i].name == section.defaults : i < proxy) defaults = &all[i];
  }
  return defaults != nullptr ? defaults->find(words) : nullptr;
}

std::set<std::string> own_backends(const config::haproxy_settings& settings) {
  std::set<std::string> names;
  if (const auto base = read_base(settings))
    for (const auto& section : *base)
      if (section.kind == "backend" || section.kind == "listen") names.insert(section.name);
  return names;
}

}  // namespace switchyard::cli
