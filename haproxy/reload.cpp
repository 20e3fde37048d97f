// The gateway's configuration file and its reloads.

#include <utility>

#include "haproxy/gateway.hpp"
#include "haproxy/transaction.hpp"

namespace switchyard::haproxy {

namespace {

// Server changes reach the file this long after the first of them.
constexpr std::chrono::milliseconds save_delay{250};
// When too many old workers are draining, the next look comes after this.
constexpr std::chrono::milliseconds crowded_wait{1000};

const std::string about_reload = "reload";
const std::string about_file = "file";

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
// --------------------------------------------------------------------------------

void gateway::plan_head(apply_report& report) {
  const auto head = render_head(settings_.haproxy, settings_.frontends, file_.http_backends());
  if (!head) {
    tell(report, severity::error, "head", "frontends cannot be written: " + head.error().message);
    return;
  }
  head_changed_ = *head != file_.head;
}

bool gateway::reload_wanted() const {
  return identity_.pid != 0 && (!layout_known_ || head_changed_ || !pending_.empty());
}

std::vector<reload_reason> gateway::reasons() const {
  std::vector<reload_reason> all;
  if (!reload_wanted()) return all;
  if (!layout_known_) all.push_back({reload_cause::unknown_layout, ""});
  if (head_changed_) all.push_back({reload_cause::changed_head, ""});
  for (const auto& [name, list] : pending_) all.insert(all.end(), list.begin(), list.end());
  return all;
}

gateway::time_point gateway::reload_due() const {
  const auto earliest = budget_.earliest();
  return reload_not_before_ ? std::max(earliest, *reload_not_before_) : earliest;
}

bool gateway::work_reload(apply_report& report) {
  if (!reload_wanted() || reload_due() > now_) return true;
  if (settings_.haproxy.master_socket) {
    const auto processes = show_proc(*settings_.haproxy.master_socket);
    if (processes && !budget_.allows(processes->old_workers.size())) {
      tell(report, severity::warning, about_reload,
           "a reload waits: " + std::to_string(processes->old_workers.size()) +
               " old workers are still draining (reload.max_old_workers)");
      reload_not_before_ = now_ + crowded_wait;
      return true;
    }
  }
  return reload_now(report);
}

// -- the reload
// --------------------------------------------------------------------------------------

bool gateway::reload_now(apply_report& report) {
  const auto why = reasons();
  auto next = commit_target(report);
  if (!next) {
    reload_failed("the new configuration is not used: " + next.error().message, report);
    return true;
  }
  session_.reset();
  drop_lifeline();  // the old worker would wait for it
  const auto result = haproxy::reload(settings_.haproxy, *can_);
  if (!result) {
    const auto back = store_.restore_previous();
    reload_failed(result.error().message + (back ? "" : "; and " + back.error().message), report);
    return open(report);
  }
  file_ = std::move(next).value();
  unsaved_.clear();
  save_due_.reset();
  pending_.clear();
  head_changed_ = false;
  report.reload = *result;
  report.reload_reasons = why;
  told_[about_reload].clear();
  report.notices.push_back(
      {severity::info,
       "reloaded HAProxy in " + std::to_string(result->took.count()) + " ms: " + join(why)});
  budget_.succeeded(now_);
  if (!open(report)) return false;
  if (!layout_known_) budget_.failed(now_, random());
  return true;
}

void gateway::reload_failed(const std::string& why, apply_report& report) {
  budget_.failed(now_, random());
  tell(report, severity::error, about_reload, "reload failed, HAProxy goes on as it was: " + why);
}

base::outcome<configuration> gateway::commit_target(apply_report& report) {
  auto target = transaction::begin(file_);
  auto touched = unsaved_;
  for (const auto& [name, list] : pending_) touched.insert(name);
  for (const auto& name : touched) {
    const auto wanted = desired_.find(name);
    if (wanted != desired_.end()) {
      if (auto written = target.upsert_backend(*wanted->second); !written)
        tell(report, severity::error, "refused " + name, written.error().message);
    } else if (complete_ && target.draft().backends.contains(name)) {
      if (auto removed = target.remove_backend(name); !removed) return removed.error();
    }
  }
  auto head = render_head(settings_.haproxy, settings_.frontends, target.draft().http_backends());
  if (!head) return head.error();
  target.set_head(std::move(head).value());
  return target.commit(store_, transaction::check::full);
}

// An HAProxy that comes back shall come back with everything, so the file takes what would need a
// reload.
void gateway::commit_while_away(apply_report& report) {
  if (unsaved_.empty() && pending_.empty() && !head_changed_) return;
  auto next = commit_target(report);
  if (!next) {
    tell(report, severity::error, about_file,
         settings_.haproxy.config_file + " stays as it was: " + next.error().message);
    return;
  }
  quiet(about_file);
  file_ = std::move(next).value();
  unsaved_.clear();
  save_due_.reset();
  pending_.clear();
  head_changed_ = false;
}

// -- the file
// ----------------------------------------------------------------------------------------

base::status gateway::write_initial() {
  auto target = transaction::begin(file_);
  auto head = render_head(settings_.haproxy, settings_.frontends, file_.http_backends());
  if (!head) return head.error();
  target.set_head(std::move(head).value());
  auto written = target.commit(store_, transaction::check::full);
  if (!written) return written.error();
  file_ = std::move(written).value();
  return {};
}

void gateway::mark_unsaved(const std::string& name) {
  unsaved_.insert(name);
  if (!save_due_) save_due_ = now_ + save_delay;
}

// Without a reload only server lines may change: the file must stay one that HAProxy has already
// taken.
void gateway::save(apply_report& report) {
  auto target = transaction::begin(file_);
  names left;
  for (const auto& name : unsaved_) {
    const auto wanted = desired_.find(name);
    const auto section = file_.backends.find(name);
    if (wanted == desired_.end() || section == file_.backends.end()) {
      left.insert(name);
      continue;
    }
    const auto* r = render(*wanted->second, report);
    if (r == nullptr || r->text != section->second->settings) {
      left.insert(name);
      continue;
    }
    if (auto written = target.upsert_backend(*wanted->second); !written)
      tell(report, severity::error, "refused " + name, written.error().message);
  }
  save_due_.reset();
  if (target.changed()) {
    auto next = target.commit(store_, transaction::check::invariants_only);
    if (!next) {
      save_due_ = now_ + save_backoff_.failed(now_, random());
      tell(report, severity::error, about_file,
           "runtime changes go on, but " + settings_.haproxy.config_file +
               " cannot be written: " + next.error().message);
      return;
    }
    file_ = std::move(next).value();
    if (told_.contains(about_file))
      report.notices.push_back(
          {severity::info, settings_.haproxy.config_file + " is written again"});
    quiet(about_file);
    save_backoff_.reset();
  }
  unsaved_ = std::move(left);
}

}  // namespace switchyard::haproxy
