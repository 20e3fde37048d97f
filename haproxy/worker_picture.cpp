#include "haproxy/worker_picture.hpp"

#include <limits>
#include <utility>

#include "haproxy/capabilities.hpp"
#include "haproxy/reply_text.hpp"

namespace switchyard::haproxy {

namespace {

using base::outcome;
using base::status;

/// No process has such a number (Linux gives none above 2^22).
constexpr pid_t first_imagined = std::numeric_limits<pid_t>::max() - 1'000'000;

/// What of `help` capabilities are read from, for an HAProxy that does not run.
std::string help_of(const std::string& version) {
  const auto able = detect(version, "");
  std::string help;
  if (able && able->major >= 3) help += "  wait {-h|<delay>} cond [args...] : wait\n";
  if (able && std::pair(able->major, able->minor) >= std::pair(3U, 4U))
    help += "  add backend <name> from <defaults> : add a backend\n";
  return help;
}

/// The table of all servers' connections as one of each backend, with its title.
std::map<std::string, std::string> by_backend(std::string_view table) {
  std::map<std::string, std::string> tables;
  const std::string title(next_line(table).value_or(""));
  while (const auto line = next_line(table)) {
    if (line->empty()) continue;
    auto& of = tables[std::string(line->substr(0, line->find('/')))];
    if (of.empty()) of = title;
    (of += '\n') += *line;
  }
  return tables;
}

}  // namespace

outcome<worker_picture> worker_picture::of(conversation& session, const std::string& map,
                                           const std::set<std::string>& ours) {
  worker_picture seen;
  seen.map_name_ = map;
  const auto info = session.execute_raw("show info");
  if (!info) return info.error();
  auto process = parse_info(*info);
  if (!process) return process.error();
  seen.info_ = std::move(process).value();
  auto help = session.execute_raw("help");
  if (!help) return help.error();
  seen.help_ = std::move(help).value();
  const std::string variable(layout_variable);
  const auto layout = session.execute_raw("show env " + variable);
  if (!layout) return layout.error();
  seen.layout_ = parse_env(*layout, variable);
  if (auto read = seen.read_servers(session); !read) return read.error();
  if (auto read = seen.read_connections(session); !read) return read.error();
  for (const auto& [name, b] : seen.backends_)
    if (seen.knows_us() && ours.contains(name)) seen.ours_.insert(name);
  if (!plain_map(map)) return seen;
  const auto entries = session.execute_raw("show map " + map);
  if (!entries) return entries.error();
  if (auto parsed = parse_map(*entries)) seen.map_ = std::move(parsed).value();
  return seen;
}

status worker_picture::read_servers(conversation& session) {
  const auto names = session.execute_raw("show backend");
  if (!names) return names.error();
  const auto listed = parse_backends(*names);
  if (!listed) return listed.error();
  const auto table = session.execute_raw("show servers state");
  if (!table) return table.error();
  const auto view = parse_servers_state(*table);
  if (!view) return view.error();
  const auto stat = session.execute_raw("show stat -1 6 -1");
  if (!stat) return stat.error();
  const auto limits = parse_stat(*stat);
  if (!limits) return limits.error();
  for (const auto& name : *listed) backends_[name].published = !limits->unpublished.contains(name);
  for (const auto& [name, servers] : *view) {
    const auto of = limits->servers.find(name);
    for (const auto& [server, now] : servers) {
      auto& s = backends_[name].servers[server];
      s.now = now;
      // Of one in maintenance nothing is known, and it would begin as up.
      if (now.state == model::server_state::maint) s.now.up = true;
      if (of == limits->servers.end()) continue;
      const auto limit = of->second.find(server);
      if (limit == of->second.end()) continue;
      s.backup = limit->second.backup;
      s.maxconn = limit->second.maxconn;
    }
  }
  return {};
}

status worker_picture::read_connections(conversation& session) {
  const auto reply = session.execute_raw("show servers conn");
  if (!reply) return reply.error();
  for (const auto& [name, table] : by_backend(*reply)) {
    const auto found = backends_.find(name);
    if (found == backends_.end()) continue;
    const auto used = parse_servers_conn(table);
    if (!used) return used.error();
    for (auto& [server, s] : found->second.servers)
      if (const auto count = used->find(server); count != used->end())
        s.connections = count->second;
  }
  return {};
}

worker_picture worker_picture::started(const std::string& version, const configuration& file,
                                       const route_entries& entries, const std::string& map) {
  worker_picture fresh;
  fresh.info_ = {version, first_imagined, false, 0, std::chrono::system_clock::now()};
  fresh.help_ = help_of(version);
  fresh.map_name_ = map;
  fresh.map_ = entries;
  fresh.load(file);
  return fresh;
}

worker_picture worker_picture::reloaded(const configuration& file,
                                        const route_entries& entries) const {
  worker_picture next;
  next.info_ = {info_.version, next_pid(), false, 0, std::chrono::system_clock::now()};
  next.help_ = help_;
  next.map_name_ = map_name_;
  const bool routed = file.head.find("(" + map_name_) != std::string::npos;
  if (map_ || routed) next.map_ = entries;
  for (const auto& [name, b] : backends_)
    if (!ours_.contains(name)) next.backends_[name] = b;
  next.load(file);
  for (auto& [name, b] : next.backends_) {
    const auto before = backends_.find(name);
    for (auto& [server, s] : b.servers) {
      s.connections = 0;
      if (before == backends_.end()) continue;
      const auto was = before->second.servers.find(server);
      if (was != before->second.servers.end() && was->second.now.address == s.now.address &&
          was->second.now.port == s.now.port)
        s.now.up = was->second.now.up;
    }
  }
  return next;
}

worker_picture worker_picture::again() const {
  auto next = *this;
  next.info_.pid = next_pid();
  next.info_.uptime_seconds = 0;
  next.info_.started = std::chrono::system_clock::now();
  return next;
}

pid_t worker_picture::next_pid() const {
  return info_.pid >= first_imagined ? info_.pid + 1 : first_imagined;
}

void worker_picture::load(const configuration& file) {
  layout_ = file.layout();
  for (const auto& [name, section] : file.backends) {
    auto& b = backends_[name];
    ours_.insert(name);
    b = {};
    for (const auto& line : section->servers) {
      const auto written = parse_server_line(line);
      if (!written) continue;
      b.servers[written->name] = {
          {written->address, written->port, written->weight, written->state, true},
          written->backup,
          written->maxconn,
          0};
    }
  }
}

}  // namespace switchyard::haproxy
