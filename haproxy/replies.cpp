#include "haproxy/replies.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "haproxy/reply_text.hpp"

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
constexpr std::size_t state_check = 13;
constexpr std::size_t state_port = 18;
constexpr std::size_t state_columns = 19;  // those up to the port

// 0x04 (CMAINT) is left out: it says that the file has the server as disabled, and stays after the
// server was enabled; one that still is disabled has 0x01 as well.
constexpr unsigned admin_maintenance = 0x01 | 0x02 | 0x20;
constexpr unsigned admin_drain = 0x08 | 0x10;

// Of srv_check_state (include/haproxy/check-t.h, CHK_ST_CONFIGURED and CHK_ST_ENABLED).
constexpr unsigned check_configured = 0x02;
constexpr unsigned check_enabled = 0x04;

error unexpected(const char* command, std::string_view line) {
  constexpr std::size_t shown = 200;
  return {errc::protocol, std::string("the reply to `") + command + "` is not understood: \"" +
                              std::string(line.substr(0, shown)) + "\""};
}

bool names_no_backend(std::string_view reply) {
  return reply.starts_with("Can't find backend.");
}

error unknown_backend() {
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
  unsigned check = 0;
  if (!read_number(columns[state_operational], operational) ||
      !read_number(columns[state_admin], admin) ||
      !read_number(columns[state_weight], into.weight) ||
      !read_number(columns[state_check], check) || !read_number(columns[state_port], into.port))
    return false;
  into.address = columns[state_address];
  into.state = state_of(admin);
  into.up = operational != 0;
  into.check_off = (check & (check_configured | check_enabled)) == check_configured;
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
  if (names_no_backend(reply)) return unknown_backend();
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
  std::int64_t started = 0;
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
    if (key == "Start_time_sec") read = read_number(value, started);
    if (!read) return unexpected("show info", *line);
  }
  if (info.version.empty() || info.pid <= 0 || stopping > 1) return unexpected("show info", reply);
  info.stopping = stopping == 1;
  info.started = std::chrono::system_clock::time_point(std::chrono::seconds(started));
  return info;
}

outcome<std::map<std::string, std::uint64_t>> parse_servers_conn(std::string_view reply) {
  if (names_no_backend(reply)) return unknown_backend();
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
