// The gateway's reloads: whether, when, and how.

#include <algorithm>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/net.hpp"
#include "haproxy/addresses.hpp"
#include "haproxy/gateway.hpp"
#include "haproxy/server_state.hpp"

namespace switchyard::haproxy {

namespace {

// When too many old workers are draining, the next look comes after this.
constexpr std::chrono::milliseconds crowded_wait{1000};

const std::string about_reload = "reload";
const std::string about_master = "master socket";

std::string join(const std::vector<reload_reason>& reasons) {
  constexpr std::size_t shown = 5;
  std::string text;
  for (std::size_t i = 0; i < reasons.size() && i < shown; ++i) {
    text += text.empty() ? "" : ", ";
    text += to_string(reasons[i].cause);
    if (!reasons[i].subject.empty()) text += " " + reasons[i].subject;
  }
  if (reasons.size() > shown) text += " and " + std::to_string(reasons.size() - shown) + " more";
  return text;
}

}  // namespace

// -- whether and when

void gateway::plan_head(apply_report& report) {
  const auto head =
      render_head(settings_.haproxy, settings_.frontends, file_.modes(), server_state_);
  if (!head) {
    tell(report, severity::error, "head", "frontends cannot be written: " + head.error().message,
         {matter::file});
    return;
  }
  head_changed_ = *head != file_.head;
  tell_misfits(report);
}

void gateway::tell_misfits(apply_report& report) {
  const auto found = misfits(settings_.frontends, file_.modes());
  for (const auto& frontend : settings_.frontends) {
    const auto topic = "default_backend of " + frontend.name;
    if (const auto misfit = found.find(frontend.name); misfit != found.end())
      tell(report, severity::warning, topic, misfit->second, {matter::file});
    else
      quiet(topic);
  }
}

/// Tells versions of an operator's file apart; 0 when there is none.
std::size_t gateway::print_of(const std::optional<std::string>& file) {
  if (!file) return 0;
  const auto text = base::read_file(*file);
  return text ? std::hash<std::string>()(*text) : 0;
}

/// A worker that was there before us may have read another server_ca_file than there is now: one
/// that changed since that worker started, or in the second before, is loaded again.
void gateway::files_loaded(bool known) {
  base_loaded_ = print_of(settings_.haproxy.base_file);
  ca_loaded_ = print_of(settings_.haproxy.server_ca_file);
  base_changed_ = ca_changed_ = false;
  if (known || ca_loaded_ == 0) return;
  const auto started = identity_.started - std::chrono::seconds(1);
  const auto stamp = stamp_of(*settings_.haproxy.server_ca_file);
  if (!stamp || stamp->latest() < started) return;
  ca_loaded_ = 0;
  ca_changed_ = true;
}

/// Another file is another setting of each backend that verifies its servers.
void gateway::verify_against(const std::optional<std::string>& other_ca_file,
                             apply_report& report) {
  if (settings_.haproxy.server_ca_file == other_ca_file) return;
  settings_.haproxy.server_ca_file = other_ca_file;
  ca_loaded_ = print_of(other_ca_file);
  rendered_.clear();
  names verifying;
  for (const auto& [name, backend] : desired_.all()) {
    const auto& tls = backend->settings.tls;
    if (tls.enabled && tls.verify == model::tls_verify::required) verifying.insert(name);
  }
  for (const auto& name : verifying) mark_unsaved(name);
  if (!away_) plan_all(verifying, report);  // what a reload is to bring
}

bool gateway::needs_reload() const {
  return !layout_known_ || head_changed_ || base_changed_ || ca_changed_ ||
         certificates_.wants_reload() || !pending_.empty();
}

/// Whether what runs has backends that nobody can tell of yet: our file was lost, and not all
/// providers have reported.
bool gateway::spares_running() const {
  return fresh_ && !layout_known_ && !foreign_ && !desired_.complete();
}

void gateway::tell_spared(apply_report& report) {
  if (away_ || !spares_running()) return quiet("spared");
  tell(report, severity::warning, "spared",
       settings_.haproxy.config_file +
           " was missing: HAProxy goes on with what it has, and is not reloaded before every "
           "provider has reported",
       {matter::reload});
}

bool gateway::reload_wanted() const {
  return !away_ && needs_reload() && !spares_running();
}

std::vector<reload_reason> gateway::reasons() const {
  std::vector<reload_reason> all;
  if (!reload_wanted()) return all;
  if (!layout_known_) all.push_back({reload_cause::unknown_layout, ""});
  if (head_changed_) all.push_back({reload_cause::changed_head, ""});
  if (base_changed_) all.push_back({reload_cause::operators_file, ""});
  if (ca_changed_) all.push_back({reload_cause::ca_file, ""});
  for (auto& reason : certificates_.reasons()) all.push_back(std::move(reason));
  for (const auto& [name, list] : pending_) all.insert(all.end(), list.begin(), list.end());
  return all;
}

gateway::time_point gateway::reload_due() const {
  const auto earliest = budget_.earliest();
  return reload_not_before_ ? std::max(earliest, *reload_not_before_) : earliest;
}

bool gateway::work_reload(apply_report& report) {
  if (!reload_wanted()) crowded_ = false;
  if (!reload_wanted() || reload_due() > now_) return true;
  by_signal_ = false;
  reload_begun_ = std::chrono::steady_clock::now();
  if (!settings_.haproxy.master_socket) return reload_now(report);
  const bool by_command = !settings_.haproxy.reload.command.empty();
  const auto master = by_command ? outside_->show_proc(*settings_.haproxy.master_socket)
                                 : outside_->find_master(settings_.haproxy, known(), identity_.pid);
  if (!master && !by_command) return reload_past_master(master.error(), report);
  quiet(about_master);
  crowded_ = master && !budget_.allows(master->old_workers.size());
  if (crowded_) {
    tell(report, severity::warning, about_reload,
         "a reload waits: " + std::to_string(master->old_workers.size()) +
             " old workers are still draining (reload.max_old_workers)",
         {matter::reload});
    reload_not_before_ = now_ + crowded_wait;
    return true;
  }
  return reload_now(report);
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
  reload_failed(text, report);
  return true;
}

// -- the reload

bool gateway::reload_now(apply_report& report) {
  const auto why = reasons();
  if (auto free = new_binds_free(); !free) {
    if (untried_) put_back(report);  // HAProxy could not start with it
    reload_failed(free.error().message, report);
    return true;
  }
  auto next = commit_target(report);
  if (!next) {
    reload_failed("the new configuration is not used: " + next.error().message, report);
    return true;
  }
  remember_down_servers(*next, report);
  session_.reset();
  drop_lifeline();  // the old worker would wait for it
  const auto result = by_signal_ ? outside_->reload_by_signal(settings_.haproxy, identity_.pid)
                                 : outside_->reload(settings_.haproxy, *can_);
  write_server_state(no_server_state, report);
  if (!result) {
    put_back(report);
    reload_refused(result.error(), report);
    return open(report);
  }
  return reloaded(std::move(next).value(), *result, why, report);
}

void gateway::remember_down_servers(const configuration& next, apply_report& report) {
  if (!server_state_ || foreign_) return;
  const auto reply = session_->execute_raw("show servers state");
  const auto down = reply ? down_servers(*reply, next) : reply;
  if (down) write_server_state(*down, report);
}

bool gateway::reloaded(configuration now_loaded, const reload_result& result,
                       const std::vector<reload_reason>& why, apply_report& report) {
  halving_.succeeded();
  auto left = waiting_for_load();
  for (const auto& name : brought_) left.erase(name);
  file_ = std::move(now_loaded);
  store_.forget_edit();
  resaved_.clear();
  unsaved_ = left;
  for (const auto& [name, b] : blamed_) unsaved_.insert(name);
  save_due_.reset();
  if (!unsaved_.empty()) schedule_save();
  pending_.clear();
  head_changed_ = false;
  tell_misfits(report);
  report.reload = result;
  report.reload_reasons = why;
  std::erase_if(report.reload_reasons, [this, &left](const auto& r) {
    const auto backend = r.subject.substr(0, r.subject.find('/'));
    return blamed(backend) || left.contains(backend);
  });
  report.reload_took = result.took;
  report.notices.push_back({severity::info,
                            "reloaded HAProxy in " + std::to_string(result.took.count()) +
                                " ms: " + join(report.reload_reasons),
                            {matter::reload}});
  const bool reached = open(report);
  if (reached && layout_known_) {
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
// others.
void gateway::reload_refused(const base::error& why, apply_report& report) {
  const bool certificates_wait = certificates_.wants_reload();
  reload_failed(why.message, report);
  if (why.kind != base::errc::refused) return;
  const auto found = halving_.refused(brought_);
  if (found.guilty) {
    put_blame(*found.guilty, why.message, report);
    // A reload that brings nothing would come next.
    if (!certificates_wait) pending_.erase(*found.guilty);
    if (pending_.empty()) halving_ = {};
  }
  if (!brought_.empty()) extend_blame();
  if (found.at_once) budget_.changed();
}

// The moment is taken anew: awaiting the verdict may have used up what a wait from the pass's begin
// would be.
void gateway::reload_failed(const std::string& why, apply_report& report) {
  report.reload_reasons = reasons();
  budget_.failed(std::chrono::steady_clock::now(), random());
  certificates_.reload_failed(now_);
  report.reload_error = why;
  report.reload_took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - reload_begun_);
  tell(report, severity::error, about_reload, "reload failed, HAProxy goes on as it was: " + why,
       {matter::reload});
}

// New addresses are tried first (haproxy/addresses.hpp).
base::status gateway::new_binds_free() const {
  const bool loaded_as_it_is = layout_known_ && !head_changed_;
  // Without knowing what HAProxy was loaded with, its own ports cannot be told from others.
  if (loaded_as_it_is || loaded_head_.empty() || !shares_network(settings_.haproxy, identity_.pid))
    return {};
  const auto lost = outside_->lost_binds(settings_.frontends, loaded_head_);
  if (lost.empty()) return {};
  const auto& [frontend, why] = lost.front();
  return base::error{
      why.kind, "frontend " + frontend + ": " + why.message + "; " + base::bind_remedy(why.kind)};
}

}  // namespace switchyard::haproxy
