// The gateway's contact with HAProxy: meeting and losing a worker.

#include <utility>

#include "haproxy/gateway.hpp"
#include "haproxy/master.hpp"
#include "haproxy/unix_socket.hpp"

namespace switchyard::haproxy {

namespace {

const std::string about_haproxy = "haproxy";
const std::string about_start = "start";
const std::string about_socket = "runtime socket";
constexpr std::chrono::seconds loading_slack{3};

}  // namespace

// Every pass but an apply begins with a fresh conversation: one that outlived a reload would talk
// to the old worker, which takes commands and loses them.
bool gateway::open(apply_report& report) {
  auto info = approach();
  if (!info && info.error().kind == base::errc::conflict && steps_down()) info = approach();
  if (!info) return lost(info.error(), report);
  const bool same = info->pid == identity_.pid && info->uptime_seconds >= identity_.uptime_seconds;
  if (!same) return meet_worker(*info, report);
  tell_detour(report);
  identity_ = *info;
  if (away_) return meet_again(report);
  // HAProxy ends an idle conversation after an hour.
  if (lifeline_.ended()) renew_lifeline();
  return true;
}

/// Begins a conversation with the worker that carries the traffic. errc::conflict: it is another
/// HAProxy's.
base::outcome<process_info> gateway::approach() {
  session_.reset();
  auto opened = outside_->reach_worker(settings_.haproxy, known());
  if (!opened) return opened.error();
  session_ = std::make_unique<counted_conversation>(std::move(opened->conversation), tally_);
  detour_ = std::move(opened->detour);
  const auto reply = session_->execute_raw("show info");
  if (!reply) return reply.error();
  auto info = parse_info(*reply);
  if (!info) return info;
  if (info->stopping)
    return base::error{base::errc::unavailable, "the HAProxy that answers is stopping"};
  if (info->pid == identity_.pid && info->uptime_seconds >= identity_.uptime_seconds) return info;
  const auto met = outside_->recognise(settings_.haproxy, known(), info->pid);
  if (!met) return met.error();
  // It stays what it is for as long as the worker lives.
  const auto admin =
      require_admin(*session_, "the runtime socket " + settings_.haproxy.runtime_socket);
  if (!admin) return admin.error();
  incumbent_ = *met;
  return info;
}

/// The HAProxy that no other one may take the place of while it runs.
incumbent gateway::known() {
  if (settings_.haproxy.mode == config::haproxy_mode::managed)
    return {outside_->alive() ? program_at(outside_->master_pid()) : program{}, {}};
  // A worker that has no master is known to go on by its own words alone.
  if (incumbent_.running() == 0 || (incumbent_.master.pid == 0 && !lifeline_.held())) return {};
  return incumbent_;
}

/// For the next run of switchyard, which would take another one on its sockets for it.
void gateway::keep_identity(apply_report& report) {
  const std::string topic = "identity";
  const auto master = known().master;
  if (!away_ && told_.contains("loaded file")) keep_loaded(report);
  if (away_ || master.pid == 0) return;
  const auto kept = kept_.keep(master);
  if (kept) return quiet(topic);
  tell(report, severity::warning, topic,
       "which HAProxy is ours cannot be kept for the next start of switchyard: " +
           kept.error().message,
       {matter::file});
}

/// Whether the HAProxy that we know says that it is stopping: an operator replaces it by another
/// one, which may have its place.
bool gateway::steps_down() {
  if (!lifeline_.stopping()) return false;
  incumbent_ = {};
  return true;
}

// The file of the socket is gone for everybody, not for us alone, and comes back with a restart
// only.
void gateway::tell_detour(apply_report& report) {
  if (detour_.empty()) {
    if (told_.contains(about_socket))
      report.notices.push_back(
          {severity::info, "runtime socket " + settings_.haproxy.runtime_socket + " is back"});
    return quiet(about_socket);
  }
  tell(report, severity::error, about_socket,
       "the runtime socket of the running HAProxy is gone (" + detour_ +
           "); changes go through its master socket, more slowly. A reload does not bring it "
           "back: " +
           remedy());
}

/// How to bring the sockets of a running HAProxy back.
std::string gateway::remedy() const {
  return settings_.haproxy.mode == config::haproxy_mode::managed
             ? "restart switchyard, and HAProxy with it, at a quiet moment"
             : "restart HAProxy at a quiet moment";
}

// An apply uses the conversation of the pass before, when there is one, and makes sure afterwards
// that it was with the worker that carries the traffic: confirm().
bool gateway::ready(apply_report& report) {
  if (session_ && !away_ && !session_->broken()) {
    const auto ended = base::wait_readable(session_->fd(), base::deadline(no_wait));
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

/// Whether the worker of our conversation has been replaced by another one. An error is the end of
/// the conversation.
base::outcome<bool> gateway::stopping() {
  const auto reply = session_->execute_raw("show info");
  if (!reply) return reply.error();
  const auto info = parse_info(*reply);
  return info && info->stopping;
}

// Whatever was brought in at run time may be missing in a worker that we have not seen before.
bool gateway::meet_worker(const process_info& info, apply_report& report) {
  const bool earlier = identity_.pid != 0;
  identity_ = info;
  drains_.clear();
  actual_.clear();
  expect_older_file(info);
  by_reload_.clear();
  if (earlier)
    operators_.loaded(settings_.haproxy);
  else
    operators_.met(settings_.haproxy, info.started);
  limits_of_ = 0;
  routes_.forget();
  certificates_.forget(info.started - std::chrono::seconds(1));
  ports_.forget();
  if (!read_everything(report)) return false;
  tell_detour(report);
  tell(report, severity::info, about_haproxy,
       (earlier ? "HAProxy has a new worker: " : "connected to HAProxy ") + info.version +
           ", pid " + std::to_string(info.pid));
  met();
  // What it has to be told is no drift: no file can say that a server drains.
  const bool done = converge(every_name(), report, false);
  keep_loaded(report);
  return done;
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
  absence_.over();
  renew_lifeline();
}

bool gateway::lost(const base::error& why, apply_report& report) {
  session_.reset();
  // It tells when the HAProxy that another one stands in front of ends or steps down.
  if (why.kind != base::errc::conflict || lifeline_.ended()) lifeline_.drop();
  away_ = true;
  report.reachable = false;
  absence_.missed(now_, random());
  const auto runs = known().running();
  const bool gone =
      runs != 0 && nobody_listens(settings_.haproxy.runtime_socket, base::deadline(no_wait));
  // While it loads, its master takes no connections either.
  const bool loads = settings_.haproxy.master_socket && absence_.lasted(now_) < longest_loading;
  if (why.kind == base::errc::conflict)
    tell(report, severity::error, about_haproxy, why.message);
  else if (why.kind == base::errc::refused)
    tell(report, severity::error, about_haproxy, "HAProxy cannot be used: " + why.message);
  else if (gone && !loads)
    tell(report, severity::error, about_haproxy,
         "HAProxy (process " + std::to_string(runs) + ") runs and cannot be reached: " +
             why.message + ". It goes on with what it has, and changes wait in " +
             settings_.haproxy.config_file + ". To have its sockets back, " + remedy());
  else
    tell(report, severity::warning, about_haproxy,
         "HAProxy is away: " + why.message +
             (runs == 0 && why.kind == base::errc::unavailable ? "; does it run?" : ""));
  return false;
}

bool gateway::keep_managed_alive(apply_report& report) {
  if (settings_.haproxy.mode != config::haproxy_mode::managed || outside_->alive()) return true;
  auto end = outside_->last_end();
  if (end.empty()) end = "how is unknown: an earlier run had started it";
  tell(report, severity::error, about_start, "HAProxy has ended (" + end + "); starting it again");
  ended_ = std::move(end);
  lifeline_.drop();
  away_ = true;
  commit_while_away(report);
  auto up = start_managed(report);
  if (!up) return lost({up.error().kind, "it cannot be started: " + up.error().message}, report);
  return true;
}

void gateway::renew_lifeline() {
  lifeline_.drop();
  auto reached = outside_->reach_worker(settings_.haproxy, known());
  if (reached)
    lifeline_.hold(std::move(reached->conversation), identity_.pid);
  else
    lifeline_.missed();
}

/// What is due a moment after changes.
void gateway::look_after(apply_report& report) {
  if (ready(report) && verify(report) && confirm(report) && !lifeline_.held()) renew_lifeline();
}

void gateway::tell(apply_report& report, severity level, const std::string& topic,
                   const std::string& text, const subject& about) {
  // What concerns one backend is no trouble of the whole.
  const bool trouble = level >= severity::warning && about.backend.empty();
  if (told_.news(topic, text, trouble)) report.notices.push_back({level, text, about});
}

void gateway::finish(apply_report& report) {
  if (routes_.unsaved()) saving_.changed(now_);
  // It may just have ended, and nobody would tell; or an old worker has taken the conversation.
  if (!away_ && identity_.pid != 0 && !lifeline_.held() && !verify_due_)
    verify_due_ = now_ + lifeline_.pause();
  if (const auto kept = store_.take_edited(); !kept.empty())
    report.notices.push_back({severity::warning,
                              settings_.haproxy.config_file +
                                  " was changed by somebody else and is written anew; that version "
                                  "is kept in " +
                                  kept,
                              {matter::file}});
  tell_spared(report);
  report.revision = desired_.revision();
  report.commands = std::exchange(tally_, {});
  report.waiting = reasons();
  report.refused = refused();
  report.routes_refused = !foreign_ && (routes_.refused() || (!routes_.loaded() && routes_.any()));
  if (report.waiting.empty()) quiet(about_reload);  // what it was for is undone
  report.troubles = told_.troubles();
  report.reachable = report.reachable && !away_;
  // It may have taken several passes.
  if (report.reachable && !ended_.empty()) {
    quiet(about_start);
    report.restarted_after = std::exchange(ended_, {});
  }
  report.version = identity_.version;
  report.worker = identity_.pid;
}

}  // namespace switchyard::haproxy
