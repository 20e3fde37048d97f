// The reply to `show stat`.

#include <algorithm>
#include <array>
#include <optional>

#include "haproxy/replies.hpp"
#include "haproxy/reply_text.hpp"

namespace switchyard::haproxy {

namespace {

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  while (!line.empty()) {
    const auto end = std::min(line.find(','), line.size());
    cells.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return cells;
}

/// The next row of a table: 2.6 lets a line break through in a quoted cell. The columns that are
/// read here come before all quoted ones.
std::optional<std::string_view> next_row(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (quoted || text[end] != '\n'); ++end)
    if (text[end] == '"') quoted = !quoted;
  const auto row = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return row;
}

/// Where columns of these names stand; nothing when one is missing.
template <std::size_t N>
std::optional<std::array<std::size_t, N>> columns_of(
    std::string_view title, const std::array<std::string_view, N>& wanted) {
  const auto names = cells_of(title);
  std::array<std::size_t, N> at{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto found = std::ranges::find(names, wanted[i]);
    if (found == names.end()) return std::nullopt;
    at[i] = static_cast<std::size_t>(found - names.begin());
  }
  return at;
}

std::uint64_t number_in(std::string_view cell) {
  std::uint64_t number = 0;
  return read_number(cell, number) ? number : 0;
}

/// "up" of "UP 1/3", "maint" of "MAINT (via shop/s1)", "no check" of "no check".
std::string state_word(std::string_view status) {
  std::string word;
  for (const char c : status) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!letter && c != ' ') break;
    word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  while (word.ends_with(' ')) word.pop_back();
  return word;
}

}  // namespace

base::outcome<stat_view> parse_stat(std::string_view reply) {
  const auto title = next_line(reply);
  constexpr std::array<std::string_view, 5> wanted{"# pxname", "svname", "slim", "bck", "status"};
  const auto columns = columns_of(title.value_or(""), wanted);
  if (!columns) return base::error{base::errc::protocol, "an unexpected reply to show stat"};
  const auto [proxy, server, limit, backup, state] = *columns;
  stat_view found;
  while (const auto line = next_row(reply)) {
    if (line->empty()) continue;
    const auto cells = cells_of(*line);
    if (cells.size() <= std::max({proxy, server, limit, backup, state}))
      return base::error{base::errc::protocol, "a short line in the reply to show stat"};
    const std::string backend(cells[proxy]);
    if (cells[server] == "BACKEND") {
      if (cells[state].ends_with("(UNPUB)")) found.unpublished.insert(backend);
      continue;
    }
    auto& limits = found.servers[backend][std::string(cells[server])];
    limits.backup = cells[backup] == "1";
    if (!cells[limit].empty() && !read_number(cells[limit], limits.maxconn))
      return base::error{base::errc::protocol, "no number in the reply to show stat"};
  }
  return found;
}

base::outcome<live_backend> parse_live(std::string_view reply) {
  constexpr std::array<std::string_view, 6> wanted{"svname", "status", "check_status",
                                                   "scur",   "qcur",   "stot"};
  const auto title = next_line(reply);
  const auto columns = columns_of(title.value_or(""), wanted);
  if (!columns) return base::error{base::errc::protocol, "an unexpected reply to show stat"};
  const auto [server, state, check, now, waiting, total] = *columns;
  live_backend found;
  while (const auto line = next_row(reply)) {
    if (line->empty()) continue;
    const auto cells = cells_of(*line);
    if (cells.size() <= std::max({server, state, check, now, waiting, total}))
      return base::error{base::errc::protocol, "a short line in the reply to show stat"};
    auto& figures =
        cells[server] == "BACKEND" ? found.whole : found.servers[std::string(cells[server])];
    figures = {std::string(cells[state]), std::string(cells[check]), number_in(cells[now]),
               number_in(cells[waiting]), number_in(cells[total])};
  }
  return found;
}

base::outcome<state_counts> count_states(std::string_view reply) {
  constexpr std::array<std::string_view, 2> wanted{"svname", "status"};
  const auto title = next_line(reply);
  const auto columns = columns_of(title.value_or(""), wanted);
  if (!columns) return base::error{base::errc::protocol, "an unexpected reply to show stat"};
  const auto [server, state] = *columns;
  state_counts found;
  while (const auto line = next_row(reply)) {
    if (line->empty()) continue;
    const auto cells = cells_of(*line);
    if (cells.size() <= std::max(server, state))
      return base::error{base::errc::protocol, "a short line in the reply to show stat"};
    ++(cells[server] == "BACKEND" ? found.backends : found.servers)[state_word(cells[state])];
  }
  return found;
}

}  // namespace switchyard::haproxy
