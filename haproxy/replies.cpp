#include "haproxy/replies.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;

// `show servers state`, version 1 (management guide, "show servers state").
constexpr std::size_t state_backend = 1;
constexpr std::size_t state_server = 3;
constexpr std::size_t state_address = 4;
constexpr std::size_t state_operational = 5;
constexpr std::size_t state_admin = 6;
constexpr std::size_t state_weight = 7;
constexpr std::size_t state_port = 18;
constexpr std::size_t state_columns = 19;  // those up to the port

// 0x04 (CMAINT) is left out: it says that the file has the server as disabled, and stays after the
// server was enabled; one that still is disabled has 0x01 as well.
constexpr unsigned admin_maintenance = 0x01 | 0x02 | 0x20;
constexpr unsigned admin_drain = 0x08 | 0x10;

/// The next line without its end; nothing at the end of the text.
std::optional<std::string_view> next_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The next word of a line; empty at its end.
std::string_view next_word(std::string_view& line) {
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

template <class Number>
bool read_number(std::string_view text, Number& into) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), into);
  return ec == std::errc{} && end == text.data() + text.size();
}

error unexpected(const char* command, std::string_view line) {
  constexpr std::size_t shown = 200;
  return {errc::protocol, std::string("the reply to `") + command + "` is not understood: \"" +
                              std::string(line.substr(0, shown)) + "\""};
}

bool names_no_backend(std::string_view reply) {
  return reply.starts_with("Can't find backend.");
}

error no_backend() {
  return {errc::not_found, "HAProxy has no such backend"};
}

model::server_state state_of(unsigned admin) {
  if ((admin & admin_maintenance) != 0) return model::server_state::maint;
  if ((admin & admin_drain) != 0) return model::server_state::drain;
  return model::server_state::ready;
}

/// One row; false when it is none.
bool read_state_row(std::string_view line, std::array<std::string_view, state_columns>& columns,
                    runtime_server& into) {
  for (auto& column : columns) {
    column = next_word(line);
    if (column.empty()) return false;
  }
  unsigned operational = 0;
  unsigned admin = 0;
  if (!read_number(columns[state_operational], operational) ||
      !read_number(columns[state_admin], admin) ||
      !read_number(columns[state_weight], into.weight) ||
      !read_number(columns[state_port], into.port))
    return false;
  into.address = columns[state_address];
  into.state = state_of(admin);
  into.up = operational != 0;
  return true;
}

struct proc_row {
  pid_t pid = 0;
  std::string_view type;
  unsigned reloads = 0;
  unsigned failed = 0;
};

/// `PID TYPE RELOADS [failed: N] UPTIME VERSION`; the bracket belongs to the master, from 2.6 on.
std::optional<proc_row> read_proc_row(std::string_view line) {
  proc_row row;
  if (!read_number(next_word(line), row.pid) || row.pid <= 0) return std::nullopt;
  row.type = next_word(line);
  if (!read_number(next_word(line), row.reloads)) return std::nullopt;
  if (next_word(line) == "[failed:") {
    auto failed = next_word(line);
    if (!failed.ends_with(']')) return std::nullopt;
    failed.remove_suffix(1);
    if (!read_number(failed, row.failed)) return std::nullopt;
  }
  return row;
}

/// Removes the row with the fewest reloads and returns its pid; 0 when there is none.
pid_t take_youngest(std::vector<proc_row>& rows) {
  const auto youngest =
      std::min_element(rows.begin(), rows.end(),
                       [](const proc_row& a, const proc_row& b) { return a.reloads < b.reloads; });
  if (youngest == rows.end()) return 0;
  const pid_t pid = youngest->pid;
  rows.erase(youngest);
  return pid;
}

}  // namespace

outcome<runtime_view> parse_servers_state(std::string_view reply) {
  if (names_no_backend(reply)) return no_backend();
  const auto version = next_line(reply);
  if (!version || *version != "1") return unexpected("show servers state", version.value_or(""));
  runtime_view view;
  auto current = view.end();
  std::array<std::string_view, state_columns> columns;
  while (const auto line = next_line(reply)) {
    if (line->empty() || line->front() == '#') continue;
    runtime_server server;
    if (!read_state_row(*line, columns, server)) return unexpected("show servers state", *line);
    // Rows come grouped by backend.
    if (current == view.end() || current->first != columns[state_backend])
      current = view.try_emplace(std::string(columns[state_backend])).first;
    current->second.insert_or_assign(std::string(columns[state_server]), std::move(server));
  }
  return view;
}

outcome<process_info> parse_info(std::string_view reply) {
  process_info info;
  unsigned stopping = 2;
  auto rest = reply;
  while (const auto line = next_line(rest)) {
    const auto colon = line->find(": ");
    if (colon == std::string_view::npos) continue;
    const auto key = line->substr(0, colon);
    const auto value = line->substr(colon + 2);
    bool read = true;
    if (key == "Version") info.version = value;
    if (key == "Pid") read = read_number(value, info.pid);
    if (key == "Stopping") read = read_number(value, stopping);
    if (key == "Uptime_sec") read = read_number(value, info.uptime_seconds);
    if (!read) return unexpected("show info", *line);
  }
  if (info.version.empty() || info.pid <= 0 || stopping > 1) return unexpected("show info", reply);
  info.stopping = stopping == 1;
  return info;
}

outcome<std::map<std::string, std::uint64_t>> parse_servers_conn(std::string_view reply) {
  if (names_no_backend(reply)) return no_backend();
  const auto header = next_line(reply);
  if (!header || !header->starts_with("# bkname/svname "))
    return unexpected("show servers conn", header.value_or(""));
  auto titles = header->substr(2);
  std::size_t used_cur = 0;
  for (auto title = next_word(titles); title != "used_cur"; title = next_word(titles)) {
    if (title.empty()) return unexpected("show servers conn", *header);
    ++used_cur;
  }
  std::map<std::string, std::uint64_t> used;
  while (const auto line = next_line(reply)) {
    if (line->empty()) continue;
    auto rest = *line;
    const auto name = next_word(rest);
    const auto slash = name.find('/');
    std::string_view value;
    for (std::size_t i = 0; i < used_cur; ++i) value = next_word(rest);
    std::uint64_t count = 0;
    if (slash == std::string_view::npos || !read_number(value, count))
      return unexpected("show servers conn", *line);
    used.insert_or_assign(std::string(name.substr(slash + 1)), count);
  }
  return used;
}

outcome<std::set<std::string>> parse_backends(std::string_view reply) {
  std::set<std::string> names;
  const auto title = next_line(reply);
  if (!title || *title != "# name")
    return error{errc::protocol, "an unexpected reply to show backend"};
  while (const auto line = next_line(reply))
    if (!line->empty()) names.emplace(*line);
  return names;
}

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

/// Where the columns stand that server_limits needs; nothing when one is missing.
std::optional<std::array<std::size_t, 5>> limit_columns(std::string_view title) {
  constexpr std::array<std::string_view, 5> wanted{"# pxname", "svname", "slim", "bck", "status"};
  const auto names = cells_of(title);
  std::array<std::size_t, 5> at{};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto found = std::ranges::find(names, wanted[i]);
    if (found == names.end()) return std::nullopt;
    at[i] = static_cast<std::size_t>(found - names.begin());
  }
  return at;
}

}  // namespace

outcome<stat_view> parse_stat(std::string_view reply) {
  const auto title = next_line(reply);
  const auto columns = limit_columns(title.value_or(""));
  if (!columns) return error{errc::protocol, "an unexpected reply to show stat"};
  const auto [proxy, server, limit, backup, state] = *columns;
  stat_view found;
  while (const auto line = next_row(reply)) {
    if (line->empty()) continue;
    const auto cells = cells_of(*line);
    if (cells.size() <= std::max({proxy, server, limit, backup, state}))
      return error{errc::protocol, "a short line in the reply to show stat"};
    const std::string backend(cells[proxy]);
    if (cells[server] == "BACKEND") {
      if (cells[state].ends_with("(UNPUB)")) found.unpublished.insert(backend);
      continue;
    }
    auto& limits = found.servers[backend][std::string(cells[server])];
    limits.backup = cells[backup] == "1";
    if (!cells[limit].empty() && !read_number(cells[limit], limits.maxconn))
      return error{errc::protocol, "no number in the reply to show stat"};
  }
  return found;
}

std::string parse_env(std::string_view reply, std::string_view name) {
  if (!reply.starts_with(name) || reply.substr(name.size(), 1) != "=") return "";
  return std::string(reply.substr(name.size() + 1));
}

outcome<master_process> parse_proc(std::string_view reply) {
  master_process found;
  std::string_view section;
  std::vector<proc_row> current;
  std::vector<proc_row> old;
  while (const auto line = next_line(reply)) {
    if (line->empty()) continue;
    if (line->front() == '#') {
      section = *line;
      continue;
    }
    const auto row = read_proc_row(*line);
    if (!row) return unexpected("show proc", *line);
    if (row->type == "master") {
      found.master = row->pid;
      found.reloads = row->reloads;
      found.failed_reloads = row->failed;
    }
    if (section.starts_with("# workers")) current.push_back(*row);
    if (section.starts_with("# old workers")) old.push_back(*row);
  }
  if (found.master == 0) return unexpected("show proc", "no master");
  // From 3.1 on a refused reload leaves the worker that goes on among the old ones, and a worker
  // that still starts stands beside the one it will replace: the youngest has seen the fewest
  // reloads.
  if (current.empty() && found.failed_reloads > 0) found.worker = take_youngest(old);
  if (!current.empty()) found.worker = take_youngest(current);
  for (const auto& row : old) found.old_workers.push_back(row.pid);
  return found;
}

}  // namespace switchyard::haproxy
