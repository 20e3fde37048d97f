// What the gateway reads of a worker that it has met.

#include <utility>

#include "haproxy/gateway.hpp"

namespace switchyard::haproxy {

namespace {

using backends = std::map<std::string, actual_backend>;

void take_limits(const std::string& name, const stat_view& from, actual_backend& into) {
  const auto known = from.servers.find(name);
  if (known == from.servers.end()) return;
  for (auto& [server, has] : into.servers) {
    const auto found = known->second.find(server);
    if (found == known->second.end()) continue;
    has.backup = found->second.backup;
    has.maxconn = found->second.maxconn;
  }
}

/// What the file says: what HAProxy has cannot be known.
void assume_limits(const configuration& file, backends& actual) {
  for (auto& [name, backend] : actual) {
    const auto section = file.backends.find(name);
    if (section == file.backends.end()) continue;
    for (const auto& line : section->second->servers) {
      const auto written = parse_server_line(line);
      const auto has = written ? backend.servers.find(written->name) : backend.servers.end();
      if (has == backend.servers.end() || has->second.backup) continue;
      has->second.backup = written->backup;
      has->second.maxconn = written->maxconn;
    }
  }
}

}  // namespace

bool gateway::read_everything(apply_report& report) {
  if (!can_ || can_->version != identity_.version) {
    const auto help = session_->execute_raw("help");
    if (!help) return lost(help.error(), report);
    const auto found = detect(identity_.version, *help);
    if (!found) return lost(found.error(), report);
    can_ = *found;
  }
  if (!read_layout(report)) return false;
  if (foreign_ && !detour_.empty())
    return lost({base::errc::conflict,
                 "process " + std::to_string(identity_.pid) + " behind " +
                     settings_.haproxy.master_socket.value_or("the master socket") +
                     " has never read " + settings_.haproxy.config_file +
                     ", so it gets no commands: it is another HAProxy than the one whose runtime "
                     "socket is gone, or that file is missing among its -f options"},
                report);
  const auto reply = session_->execute_raw("show servers state");
  if (!reply) return lost(reply.error(), report);
  auto view = parse_servers_state(*reply);
  if (!view) return lost(view.error(), report);
  if (!read_running(report)) return false;
  adopt_view(std::move(view).value());
  if (!read_limits(report)) return false;
  if (const auto read = routes_.read(*session_); !read) return lost(read.error(), report);
  routes_unverified_ = false;
  unverified_.clear();
  verify_due_.reset();
  return true;
}

bool gateway::read_running(apply_report& report) {
  const auto backends = session_->execute_raw("show backend");
  if (!backends) return lost(backends.error(), report);
  auto running = parse_backends(*backends);
  if (!running) return lost(running.error(), report);
  if (running_ != *running) routes_.backends_changed();
  running_ = std::move(running).value();
  return true;
}

/// Which backends take traffic, where somebody could have changed that.
bool gateway::read_published(apply_report& report) {
  if (!can_add_backends()) return true;
  const auto reply = session_->execute_raw("show stat -1 2 -1");
  if (!reply) return lost(reply.error(), report);
  const auto seen = parse_stat(*reply);
  if (!seen) {
    tell(report, severity::error, "published", seen.error().message);
    return true;
  }
  quiet("published");
  for (auto& [name, backend] : actual_) backend.published = !seen->unpublished.contains(name);
  return true;
}

bool gateway::read_layout(apply_report& report) {
  const std::string variable(layout_variable);
  const auto reply = session_->execute_raw("show env " + variable);
  if (!reply) return lost(reply.error(), report);
  const auto running = parse_env(*reply, variable);
  layout_known_ = running == file_.layout() && !store_.edited_around(identity_.started);
  foreign_ = running.empty();
  if (layout_known_) {
    fresh_ = false;
    loaded_head_ = file_.head;
    untried_ = false;
    quiet("layout");
    return true;
  }
  tell(report, severity::warning, "layout",
       running.empty()
           ? "the running HAProxy was not started with " + settings_.haproxy.config_file +
                 "; if a reload does not change that, add it to HAProxy's -f options"
           : "the running HAProxy was loaded from another version of " +
                 settings_.haproxy.config_file);
  return true;
}

// Ours are the backends of our file; an operator's own ones in base_file are left alone.
void gateway::adopt_view(runtime_view view) {
  // Backends of the same names in a process that has never read our file are somebody else's.
  if (foreign_) return actual_.clear();
  std::map<std::string, actual_backend> seen;
  // Those that came at run time may not be in the file yet. What is known of this worker counts
  // more than the file, which may run ahead of it.
  for (auto& [name, known] : actual_)
    if (running_->contains(name)) seen[name] = {known.settings, {}, known.published};
  for (const auto& [name, section] : file_.backends)
    if (running_->contains(name))
      seen.try_emplace(name, actual_backend{section->settings, {}, true});
  for (auto& [name, backend] : seen) {
    const auto running = view.find(name);
    if (running == view.end()) continue;
    const auto before = actual_.find(name);
    for (auto& [server, now] : running->second) {
      auto& target = backend.servers[server];
      target.now = std::move(now);
      if (before == actual_.end()) continue;
      const auto known = before->second.servers.find(server);
      if (known == before->second.servers.end()) continue;
      target.backup = known->second.backup;
      target.maxconn = known->second.maxconn;
    }
  }
  actual_ = std::move(seen);
}

// Of a new worker, and of one of few servers: the table is long.
bool gateway::read_limits(apply_report& report) {
  if (limits_of_ == identity_.pid) return true;
  const auto reply = session_->execute_raw("show stat -1 6 -1");
  if (!reply) return lost(reply.error(), report);
  const auto limits = parse_stat(*reply);
  if (!limits) {
    tell(report, severity::error, "limits", limits.error().message);
    assume_limits(file_, actual_);
    limits_of_ = identity_.pid;
    return true;
  }
  quiet("limits");
  for (auto& [name, backend] : actual_) {
    backend.published = !limits->unpublished.contains(name);
    take_limits(name, *limits, backend);
  }
  limits_of_ = identity_.pid;
  return true;
}

// Of many servers those that are next in turn.
bool gateway::look_at_limits(const names& which, apply_report& report) {
  for (const auto& name : which) {
    const auto known = actual_.find(name);
    if (known == actual_.end()) continue;
    const auto reply = session_->execute_raw("show stat " + name + " 6 -1");
    if (!reply) return lost(reply.error(), report);
    if (const auto limits = parse_stat(*reply)) take_limits(name, *limits, known->second);
  }
  return true;
}

}  // namespace switchyard::haproxy
