// The gateway's contact with HAProxy: meeting, losing and reading a worker.

#include <sys/socket.h>

#include <utility>

#include "haproxy/gateway.hpp"
#include "haproxy/master.hpp"

namespace switchyard::haproxy {

namespace {

const std::string about_haproxy = "haproxy";
const std::string about_start = "start";
constexpr std::size_t most_topics = 10'000;
constexpr std::chrono::seconds loading_slack{3};

}  // namespace

// Every pass but an apply begins with a fresh conversation: one that outlived a reload would talk
// to the old worker, which takes commands and loses them.
bool gateway::open(apply_report& report) {
  session_.reset();
  auto opened = runtime::connect(settings_.haproxy.runtime_socket);
  if (!opened) return lost(opened.error(), report);
  session_ = std::move(opened).value();
  const auto reply = session_->execute_raw("show info");
  if (!reply) return lost(reply.error(), report);
  const auto info = parse_info(*reply);
  if (!info) return lost(info.error(), report);
  if (info->stopping)
    return lost({base::errc::unavailable, "the HAProxy that answers is stopping"}, report);
  const bool same = info->pid == identity_.pid && info->uptime_seconds >= identity_.uptime_seconds;
  if (!same && !is_ours(settings_.haproxy, info->pid))
    return lost({base::errc::conflict,
                 "process " + std::to_string(info->pid) + ", which answers on " +
                     settings_.haproxy.runtime_socket +
                     ", is of another HAProxy that was started on the same configuration and may "
                     "take part of the traffic; end it, and restart the first one, whose socket it "
                     "has replaced"},
                report);
  if (!same) return meet_worker(*info, report);
  identity_ = *info;
  if (away_) return meet_again(report);
  // HAProxy ends an idle conversation after an hour.
  const auto ended = base::wait_readable(lifeline(), base::deadline(std::chrono::milliseconds(0)));
  if (!lifeline_ || !ended || *ended) renew_lifeline();
  return true;
}

// An apply uses the conversation of the pass before, when there is one, and makes sure afterwards
// that it was with the worker that carries the traffic: confirm().
bool gateway::ready(apply_report& report) {
  if (session_ && !away_ && !session_->broken()) {
    const auto ended =
        base::wait_readable(session_->fd(), base::deadline(std::chrono::milliseconds(0)));
    if (ended && !*ended) return true;
  }
  return open(report);
}

// A worker that was replaced since takes commands and loses them. It says that it is stopping; then
// a fresh conversation meets the new one, and everything is compared.
bool gateway::confirm(apply_report& report) {
  const auto reply = session_->execute_raw("show info");
  const auto info = reply ? parse_info(*reply) : base::outcome<process_info>(reply.error());
  if (info && info->pid == identity_.pid && !info->stopping) return true;
  return open(report);
}

// Whatever was brought in at run time may be missing in a worker that we have not seen before.
bool gateway::meet_worker(const process_info& info, apply_report& report) {
  const bool known = identity_.pid != 0;
  identity_ = info;
  drains_.clear();
  actual_.clear();
  expect_older_file(info);
  by_reload_.clear();
  base_loaded_ = base_print();
  base_changed_ = false;
  limits_of_ = 0;
  routes_.forget();
  if (!read_everything(report)) return false;
  tell(report, severity::info, about_haproxy,
       (known ? "HAProxy has a new worker: " : "connected to HAProxy ") + info.version + ", pid " +
           std::to_string(info.pid));
  met();
  return converge(every_name(), report, known);
}

// A worker that began to load before a save has the backends of the file before it. How long it has
// been there is told in whole seconds.
void gateway::expect_older_file(const process_info& info) {
  const auto began = now_ - std::chrono::seconds(info.uptime_seconds) - loading_slack;
  for (const auto& [name, when] : resaved_)
    if (when >= began) actual_[name] = {"", {}, true};  // with settings that are not known
}

// The same worker, out of reach for a while: what we know of it still holds, but some commands may
// have been lost.
bool gateway::meet_again(apply_report& report) {
  limits_of_ = 0;
  if (!read_everything(report)) return false;
  tell(report, severity::info, about_haproxy, "HAProxy answers again");
  met();
  return converge(every_name(), report, true);
}

// Not before it could be read: else one that answers with what cannot be read would be asked again
// and again without a pause.
void gateway::met() {
  away_ = false;
  retry_at_.reset();
  away_backoff_.reset();
  renew_lifeline();
}

bool gateway::lost(const base::error& why, apply_report& report) {
  session_.reset();
  drop_lifeline();
  away_ = true;
  report.reachable = false;
  retry_at_ = now_ + away_backoff_.failed(now_, random());
  tell(report, severity::warning, about_haproxy, "HAProxy is away: " + why.message);
  return false;
}

bool gateway::keep_managed_alive(apply_report& report) {
  if (settings_.haproxy.mode != config::haproxy_mode::managed || process_.alive()) return true;
  tell(report, severity::error, about_start, "HAProxy has ended; starting it again");
  drop_lifeline();
  away_ = true;
  commit_while_away(report);
  auto up = process_.ensure_running(longest_start);
  if (!up && untried_) {
    // What was only written and never loaded may be at fault.
    step_back(report);
    up = process_.ensure_running(longest_start);
  }
  if (!up) return lost({up.error().kind, "it cannot be started: " + up.error().message}, report);
  quiet(about_start);
  return true;
}

bool gateway::read_everything(apply_report& report) {
  if (!can_ || can_->version != identity_.version) {
    const auto help = session_->execute_raw("help");
    if (!help) return lost(help.error(), report);
    const auto found = detect(identity_.version, *help);
    if (!found) return lost(found.error(), report);
    can_ = *found;
  }
  read_layout(report);
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

void gateway::read_layout(apply_report& report) {
  const std::string variable(layout_variable);
  const auto reply = session_->execute_raw("show env " + variable);
  const auto running = reply ? parse_env(*reply, variable) : std::string();
  layout_known_ = running == file_.layout();
  if (layout_known_) {
    loaded_head_ = file_.head;
    untried_ = false;
    return quiet("layout");
  }
  tell(report, severity::warning, "layout",
       running.empty()
           ? "the running HAProxy was not started with " + settings_.haproxy.config_file +
                 "; if a reload does not change that, add it to HAProxy's -f options"
           : "the running HAProxy was loaded from another version of " +
                 settings_.haproxy.config_file);
}

// Ours are the backends of our file; an operator's own ones in base_file are left alone.
void gateway::adopt_view(runtime_view view) {
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

// Once for each worker: nobody else changes them, and the table is long.
bool gateway::read_limits(apply_report& report) {
  if (limits_of_ == identity_.pid) return true;
  const auto reply = session_->execute_raw("show stat -1 6 -1");
  if (!reply) return lost(reply.error(), report);
  const auto limits = parse_stat(*reply);
  if (!limits) {
    tell(report, severity::error, "limits", limits.error().message);
    assume_limits();
    return true;
  }
  quiet("limits");
  for (auto& [name, backend] : actual_) {
    backend.published = !limits->unpublished.contains(name);
    const auto known = limits->servers.find(name);
    if (known == limits->servers.end()) continue;
    for (auto& [server, has] : backend.servers) {
      const auto found = known->second.find(server);
      if (found == known->second.end()) continue;
      has.backup = found->second.backup;
      has.maxconn = found->second.maxconn;
    }
  }
  limits_of_ = identity_.pid;
  return true;
}

// What the file says: what HAProxy has cannot be known.
void gateway::assume_limits() {
  limits_of_ = identity_.pid;
  for (auto& [name, backend] : actual_) {
    const auto section = file_.backends.find(name);
    if (section == file_.backends.end()) continue;
    for (const auto& line : section->second->servers) {
      const auto written = parse_server_line(line);
      const auto has = written ? backend.servers.find(written->name) : backend.servers.end();
      if (has == backend.servers.end() || has->second.backup) continue;
      has->second.backup = written->backup;
      has->second.maxconn = written->maxconn;
    }
  }
}

void gateway::renew_lifeline() {
  drop_lifeline();
  auto opened = runtime::connect(settings_.haproxy.runtime_socket);
  if (!opened) return;
  // HAProxy closes idle conversations after "stats timeout" (10 s by default); an hour is the most
  // it takes.
  if (!opened->execute_raw("set timeout cli 3600")) return;
  const auto reply = opened->execute_raw("show info");
  const auto info = reply ? parse_info(*reply) : base::outcome<process_info>(reply.error());
  if (!info || info->pid != identity_.pid) return;  // an old worker, for a moment after a reload
  lifeline_ = std::move(opened).value();
  ++lifeline_generation_;
}

// Whoever watches a duplicate of the descriptor must not keep the conversation, and with it an old
// worker, alive.
void gateway::drop_lifeline() {
  if (lifeline_) ::shutdown(lifeline_->fd(), SHUT_RDWR);
  lifeline_.reset();
  ++lifeline_generation_;
}

void gateway::tell(apply_report& report, severity level, const std::string& topic,
                   const std::string& text) {
  if (told_.size() > most_topics)
    told_.clear();  // names come and go; some lines are said twice then
  auto& last = told_[topic];
  if (last == text) return;
  last = text;
  report.notices.push_back({level, text});
}

void gateway::finish(apply_report& report) {
  if (routes_.unsaved()) schedule_save();
  if (const auto kept = store_.take_edited(); !kept.empty())
    report.notices.push_back(
        {severity::warning, settings_.haproxy.config_file +
                                " was changed by somebody else and is written anew; that version "
                                "is kept in " +
                                kept});
  report.revision = revision_;
  report.waiting = reasons();
}

}  // namespace switchyard::haproxy
