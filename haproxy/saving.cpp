// The gateway's configuration file: what goes into it, and when it is written.

#include <algorithm>
#include <iterator>
#include <utility>

#include "haproxy/gateway.hpp"

namespace switchyard::haproxy {

namespace {

// Server changes reach the file this long after the first of them.
constexpr std::chrono::milliseconds save_delay{250};
// A backend that HAProxy refused is tried again after this, or when it changes: what it lacked (a
// CA file, say) may be there by then.
constexpr std::chrono::seconds blame_lasts{60};

const std::string about_file = "file";

}  // namespace

/// The file with the desired versions of these backends, and the head that goes with them.
transaction gateway::target_of(const names& which, apply_report& report) const {
  auto target = transaction::begin(file_);
  for (const auto& name : which) {
    const auto wanted = desired_.find(name);
    if (wanted != desired_.end()) {
      if (auto written = target.upsert_backend(with_kept_servers(*wanted->second)); !written)
        report.notices.push_back({severity::error, written.error().message});
    } else if (complete_ && target.draft().backends.contains(name)) {
      static_cast<void>(target.remove_backend(name));  // it is there
    }
  }
  auto head = render_head(settings_.haproxy, settings_.frontends, target.draft().modes());
  if (head)
    target.set_head(std::move(head).value());  // plan_head() tells when it cannot be rendered
  return target;
}

base::outcome<configuration> gateway::commit_target(apply_report& report) {
  // HAProxy reads both files, and opens the map while it checks the other one.
  if (auto there = routes_.ensure_file(); !there) return there.error();
  auto touched = unsaved_;
  for (const auto& [name, list] : pending_) touched.insert(name);
  std::erase_if(touched, [this](const auto& name) { return blamed(name); });
  // The file to go back to is one that HAProxy has run with.
  const auto before = untried_ ? transaction::previous::leave : transaction::previous::keep;
  auto target = target_of(touched, report);
  auto committed = target.commit(store_, transaction::check::full, before);
  if (committed) save_routes(*committed, report);
  if (committed || committed.error().kind != base::errc::refused || touched.size() < 2)
    return committed;
  // One backend that HAProxy does not take must not hold up the others.
  apply_report unheard;
  if (auto base = store_.validate(target_of({}, unheard).draft()); !base) return base.error();
  const auto good = without_guilty(touched, report);
  auto rest = target_of(good, unheard);
  if (good.empty() || !rest.changed()) return committed;
  committed = rest.commit(store_, transaction::check::full, before);
  if (committed) save_routes(*committed, report);
  return committed;
}

/// Those of the backends with which HAProxy takes the file; the others are told of and blamed.
gateway::names gateway::without_guilty(const names& which, apply_report& report) {
  apply_report unheard;
  const auto verdict = store_.validate(target_of(which, unheard).draft());
  if (verdict) return which;
  if (which.size() == 1) {
    const auto& name = *which.begin();
    const auto wanted = desired_.find(name);
    blamed_[name] = {wanted == desired_.end() ? nullptr : wanted->second, now_ + blame_lasts};
    tell(report, severity::error, "refused " + name,
         "backend " + name + " is left as it was: " + verdict.error().message);
    return {};
  }
  const auto middle = std::next(which.begin(), static_cast<std::ptrdiff_t>(which.size() / 2));
  auto good = without_guilty({which.begin(), middle}, report);
  good.merge(without_guilty({middle, which.end()}, report));
  return good;
}

/// Whether HAProxy has refused just this version of a backend a short while ago.
bool gateway::blamed(const std::string& name) const {
  const auto found = blamed_.find(name);
  if (found == blamed_.end() || found->second.until <= now_) return false;
  const auto wanted = desired_.find(name);
  return found->second.version == (wanted == desired_.end() ? nullptr : wanted->second);
}

// An HAProxy that comes back shall come back with everything, so the file takes what would need a
// reload; unless a reload with it has failed: then it takes no more than server lines.
void gateway::commit_while_away(apply_report& report) {
  if (budget_.failures() > 0) {
    if (save_due_) save(report);
    return;
  }
  if (unsaved_.empty() && pending_.empty() && !head_changed_) {
    save_routes(file_, report);
    return;
  }
  if (auto free = new_binds_free(); !free) {
    tell(report, severity::error, about_file,
         settings_.haproxy.config_file + " keeps its frontends: " + free.error().message);
    return save(report);
  }
  auto next = commit_target(report);
  if (!next) {
    tell(report, severity::error, about_file,
         settings_.haproxy.config_file + " stays as it was: " + next.error().message);
    return;
  }
  quiet(about_file);
  file_ = std::move(next).value();
  untried_ = true;
  unsaved_.clear();
  save_due_.reset();
  pending_.clear();
  head_changed_ = false;
}

// Back to the file before the last commit; what it lacks is pending again.
bool gateway::put_back(apply_report& report) {
  if (auto back = store_.restore_previous(); !back) {
    tell(report, severity::error, about_file, back.error().message);
    return false;
  }
  untried_ = false;
  if (auto before = store_.load()) file_ = std::move(before).value();
  for (const auto& name : every_name()) mark_unsaved(name);
  routes_.backends_changed();
  save_routes(file_, report);
  plan_head(report);
  return true;
}

void gateway::step_back(apply_report& report) {
  budget_.failed(std::chrono::steady_clock::now(), random());
  put_back(report);
}

// Until every provider has reported, servers of an earlier run stay in the file as they are.
model::backend gateway::with_kept_servers(const model::backend& backend) const {
  const auto section = file_.backends.find(backend.name);
  if (complete_ || section == file_.backends.end()) return backend;
  auto kept = backend;
  for (const auto& line : section->second->servers) {
    auto server = parse_server_line(line);
    if (!server || backend.find(server->name) != nullptr) continue;
    if (!dismissed_.contains({backend.name, server->name}))
      kept.servers.push_back(std::move(*server));
  }
  model::sort_servers(kept.servers);
  return kept;
}

base::status gateway::write_initial() {
  auto target = transaction::begin(file_);
  auto head = render_head(settings_.haproxy, settings_.frontends, file_.modes());
  if (!head) return head.error();
  target.set_head(std::move(head).value());
  auto written = target.commit(store_, transaction::check::full, transaction::previous::keep);
  if (!written) return written.error();
  file_ = std::move(written).value();
  return {};
}

void gateway::mark_unsaved(const std::string& name) {
  unsaved_.insert(name);
  schedule_save();
}

void gateway::schedule_save() {
  // A file that takes long to write is written less often.
  if (!save_due_) save_due_ = now_ + std::max(save_delay, 10 * save_took_);
}

/// The routes as they suit an HAProxy that is loaded with `file`.
bool gateway::save_routes(const configuration& file, apply_report& report) {
  const auto saved = routes_.save([&](const auto& name) { return presence_in(file, name); });
  if (saved) {
    quiet("routes' file");
    return true;
  }
  tell(report, severity::error, "routes' file",
       "routes are served, but not saved: " + saved.error().message);
  return false;
}

// Without a reload only server lines may change: the file must stay one that HAProxy has already
// taken.
void gateway::save(apply_report& report) {
  auto target = transaction::begin(file_);
  names left;
  for (const auto& name : unsaved_) {
    const auto wanted = desired_.find(name);
    const auto section = file_.backends.find(name);
    if (wanted == desired_.end() || section == file_.backends.end() || pending_.contains(name)) {
      left.insert(name);
      continue;
    }
    const auto* r = render(*wanted->second, report);
    if (r == nullptr || r->text != section->second->settings) {
      left.insert(name);
      continue;
    }
    if (auto written = target.upsert_backend(with_kept_servers(*wanted->second)); !written)
      tell(report, severity::error, "refused " + name, written.error().message);
  }
  save_due_.reset();
  const auto begun = std::chrono::steady_clock::now();
  if (!save_routes(target.draft(), report)) save_due_ = now_ + save_backoff_.failed(now_, random());
  save_took_ =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  if (target.changed()) {
    auto next =
        target.commit(store_, transaction::check::invariants_only, transaction::previous::leave);
    save_took_ =
        std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
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
