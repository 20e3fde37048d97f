// The gateway's reloads: how.

#include <algorithm>
#include <utility>

#include "base/net.hpp"
#include "haproxy/addresses.hpp"
#include "haproxy/gateway.hpp"
#include "haproxy/program.hpp"
#include "haproxy/server_state.hpp"
#include "haproxy/unix_socket.hpp"

namespace switchyard::haproxy {

namespace {

// When too many old workers are draining, the next look comes after this.
constexpr std::chrono::milliseconds crowded_wait{1000};

const std::string about_master = "master socket";

std::string join(const std::vector<reload_reason>& reasons) {
  constexpr std::size_t shown = 5;
  std::string text;
  for (std::size_t i = 0; i < reasons.size() && i < shown; ++i) {
    text += text.empty() ? "" : ", ";
    text += words_of(reasons[i]);
  }
  if (reasons.size() > shown) text += " and " + std::to_string(reasons.size() - shown) + " more";
  return text;
}

}  // namespace

bool gateway::work_reload(apply_report& report) {
  if (!reload_wanted()) crowded_ = false;
  if (!reload_wanted() || reload_due() > now_) return true;
  by_signal_ = false;
  reload_begun_ = std::chrono::steady_clock::now();
  if (!settings_.haproxy.master_socket) {
    const auto draining = other_workers(identity_.pid, settings_.haproxy.binary);
    return crowded_by(draining, report) || reload_now(report);
  }
  // A master that is out of reach is awaited for seconds: it may be loading. Where the worker is as
  // well, the file has to be right first.
  if (saving_.waits() && nobody_listens(settings_.haproxy.runtime_socket, base::deadline(no_wait)))
    save(report);
  const bool by_command = !settings_.haproxy.reload.command.empty();
  const auto master = by_command ? outside_->show_proc(*settings_.haproxy.master_socket)
                                 : outside_->find_master(settings_.haproxy, known(), identity_.pid);
  if (!master && !by_command) return reload_past_master(master.error(), report);
  quiet(about_master);
  const auto draining =
      master ? master->old_workers.size() : other_workers(identity_.pid, settings_.haproxy.binary);
  return crowded_by(draining, report) || reload_now(report);
}

/// Whether the reload has to wait for so many old workers.
bool gateway::crowded_by(std::size_t old_workers, apply_report& report) {
  crowded_ = !budget_.allows(old_workers);
  if (!crowded_) return false;
  tell(report, severity::warning, about_reload,
       "a reload waits: " + std::to_string(old_workers) +
           " old workers are still draining (reload.max_old_workers)",
       {matter::reload});
  reload_not_before_ = now_ + crowded_wait;
  return true;
}

// Before anything is written: the same commit would be made and put back with every try.
bool gateway::reload_past_master(const base::error& why, apply_report& report) {
  const bool managed = settings_.haproxy.mode == config::haproxy_mode::managed;
  const auto ready = managed ? outside_->reloadable() : base::status(why);
  if (ready) {
    tell(report, severity::warning, about_master,
         "HAProxy's master is out of reach (" + why.message +
             "); it is reloaded by a signal, which makes its socket anew",
         {matter::reload});
    by_signal_ = true;
    return reload_now(report);
  }
  auto text = "HAProxy's master is out of reach: " + why.message;
  const auto master = known().master.pid;
  if (managed) {
    text += "; nor can its socket be made anew: " + ready.error().message;
  } else if (why.kind == base::errc::unavailable) {
    text +=
        ". To have its socket back, make sure that its folder is there, for without it HAProxy "
        "would end, and reload HAProxy yourself once (systemctl reload haproxy";
    text += master == 0 ? ")" : ", or kill -USR2 " + std::to_string(master) + ")";
  }
  reload_failed({why.kind, text}, report);
  return true;
}

bool gateway::reload_now(apply_report& report) {
  const auto why = reasons();
  if (auto free = new_binds_free(); !free) {
    if (untried_) put_back(store_.restore_previous(), report);  // HAProxy could not start with it
    reload_failed(free.error(), report);
    return true;
  }
  auto next = commit_target(report);
  if (!next) {
    reload_failed({next.error().kind, "the new configuration is not used: " + next.error().message},
                  report);
    return true;
  }
  remember_down_servers(*next, report);
  session_.reset();
  lifeline_.drop();  // the old worker would wait for it
  const auto result = by_signal_ ? outside_->reload_by_signal(settings_.haproxy, identity_.pid)
                                 : outside_->reload(settings_.haproxy, *can_);
  write_server_state(no_server_state, report);
  if (!result) {
    for (const auto& name : brought_) blames_.tried(name, desired_.find(name));
    put_back(store_.restore_previous(), report);
    reload_refused(result.error(), report);
    return open(report);
  }
  return reloaded(std::move(next).value(), *result, why, report);
}

void gateway::remember_down_servers(const configuration& next, apply_report& report) {
  if (!operators_.leave_server_state() || foreign_) return;
  auto reply = session_->execute_raw("show servers state");
  if (!reply) {
    // Finding the master and checking take long, and HAProxy ends idle conversations.
    const auto worker = identity_.pid;
    const auto info = approach();
    if (info && info->pid == worker) reply = session_->execute_raw("show servers state");
  }
  const auto down = reply ? down_servers(*reply, next) : reply;
  if (down) return write_server_state(*down, report);
  report.notices.push_back(
      {severity::warning,
       "servers that are down start as up with this reload: " + down.error().message,
       {matter::reload}});
}

bool gateway::reloaded(configuration now_loaded, const reload_result& result,
                       const std::vector<reload_reason>& why, apply_report& report) {
  halving_.succeeded();
  auto left = waiting_for_load();
  for (const auto& name : brought_) left.erase(name);
  if (left.empty()) halving_ = {};
  file_ = std::move(now_loaded);
  store_.forget_edit();
  resaved_.clear();
  blames_.loaded();
  unsaved_ = left;
  blames_.acquit(brought_);
  unsaved_.merge(blames_.all());
  saving_.done();
  if (!unsaved_.empty()) saving_.changed(now_);
  pending_.clear();
  head_changed_ = false;
  tell_misfits(report);
  report.reload = result;
  report.reload_reasons = why;
  std::erase_if(report.reload_reasons, [this, &left](const auto& r) {
    const auto backend = r.subject.substr(0, r.subject.find('/'));
    return blamed(backend) || left.contains(backend);
  });
  const bool trial = brought_.empty() && !left.empty();
  if (report.reload_reasons.empty() && trial) report.reload_reasons = {{reload_cause::trial, ""}};
  report.reload_took = result.took;
  report.notices.push_back({severity::info,
                            "reloaded HAProxy in " + std::to_string(result.took.count()) +
                                " ms: " + join(report.reload_reasons),
                            {matter::reload}});
  const bool reached = open(report);
  // All that waited to be written is in the file that was loaded.
  for (const auto* topic : {about_file, about_backends}) quiet(topic);
  if (reached) quiet(about_master);
  if (reached && layout_known_ && trial) {
    budget_.went_without(std::chrono::steady_clock::now());
  } else if (reached && layout_known_) {
    quiet(about_reload);
    budget_.succeeded(std::chrono::steady_clock::now());
  } else {
    budget_.failed(std::chrono::steady_clock::now(), random());
  }
  if (reached && !layout_known_)
    tell(report, severity::error, about_reload,
         "HAProxy was reloaded and still does not read " + settings_.haproxy.config_file +
             ": what needs a reload is not served; add the file to HAProxy's -f options",
         {matter::reload});
  return reached;
}

// Where `haproxy -c` was not asked, or took what a load does not, one backend must not hold up the
// others. None is blamed for what HAProxy refuses without it.
void gateway::reload_refused(const base::error& why, apply_report& report) {
  const bool certificates_wait = certificates_.wants_reload();
  reload_failed(why, report, true);
  if (why.kind != base::errc::refused) return;
  const bool guilty_before = std::ranges::all_of(
      brought_, [this](const auto& name) { return blames_.was_blamed(name, desired_.find(name)); });
  const auto found = halving_.refused(brought_, guilty_before);
  if (found.guilty) {
    put_blame(*found.guilty, why.message, report);
    // A reload that brings nothing would come next.
    if (!certificates_wait) pending_.erase(*found.guilty);
    if (pending_.empty()) halving_ = {};
  }
  if (!brought_.empty() || !pending_.empty()) blames_.extend(now_, budget_.earliest());
  if (found.at_once) budget_.changed();
}

// The moment is taken anew: awaiting the verdict may have used up what a wait from the pass's begin
// would be. `begun`: HAProxy was asked, and goes on as it was for certain only where it has
// refused.
void gateway::reload_failed(const base::error& why, apply_report& report, bool begun) {
  report.reload_reasons = reasons();
  budget_.failed(std::chrono::steady_clock::now(), random());
  // Other failures pass. Without a master to ask, a refusal is a time-out.
  const bool refused =
      why.kind == base::errc::refused ||
      (begun && why.kind == base::errc::timeout && !settings_.haproxy.master_socket);
  if (refused) certificates_.reload_failed(now_);
  const bool unchanged = !begun || why.kind == base::errc::refused;
  report.reload_error = why.message;
  report.reload_took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - reload_begun_);
  tell(report, severity::error, about_reload,
       (unchanged ? "reload failed, HAProxy goes on as it was: " : "reload failed: ") + why.message,
       {matter::reload});
}

// New addresses are tried first (haproxy/addresses.hpp).
base::status gateway::new_binds_free() const {
  const bool loaded_as_it_is = layout_known_ && !head_changed_;
  // Without knowing what HAProxy was loaded with, its own ports cannot be told from others.
  if (loaded_as_it_is || loaded_head_.empty() || !shares_network(settings_.haproxy, identity_.pid))
    return {};
  const auto lost = outside_->lost_binds(settings_.haproxy, settings_.frontends, loaded_head_);
  if (lost.empty()) return {};
  const auto& [frontend, why] = lost.front();
  return base::error{
      why.kind, "frontend " + frontend + ": " + why.message + "; " + base::bind_remedy(why.kind)};
}

}  // namespace switchyard::haproxy
