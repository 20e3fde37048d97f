// The gateway's configuration file as a reload, or a start, is to load it.

#include <algorithm>
#include <iterator>
#include <utility>

#include "haproxy/gateway.hpp"
#include "haproxy/server_state.hpp"

namespace switchyard::haproxy {

namespace {

// A backend that HAProxy refused is tried again after this, or when it changes: what it lacked (a
// CA file, say) may be there by then.
constexpr std::chrono::seconds blame_lasts{60};

}  // namespace

/// The file with the desired versions of these backends, and the head that goes with them.
transaction gateway::target_of(const names& which, apply_report& report) const {
  auto target = transaction::begin(file_);
  for (const auto& name : which) {
    const auto wanted = desired_.find(name);
    if (wanted) {
      if (auto written = target.upsert_backend(with_kept_servers(*wanted), ca_file()); !written)
        report.notices.push_back({severity::error, written.error().message, about_backend(name)});
    } else if (desired_.may_go(name) && target.draft().backends.contains(name)) {
      static_cast<void>(target.remove_backend(name));  // it is there
    }
  }
  auto head =
      render_head(settings_.haproxy, settings_.frontends, target.draft().modes(), server_state_);
  if (head)
    target.set_head(std::move(head).value());  // plan_head() tells when it cannot be rendered
  return target;
}

/// Backends that wait for a reload and may be part of it.
gateway::names gateway::waiting_for_load() const {
  names all;
  for (const auto& [name, list] : pending_) all.insert(name);
  std::erase_if(all, [this](const auto& name) { return blamed(name); });
  return all;
}

base::outcome<configuration> gateway::commit_target(apply_report& report) {
  // HAProxy reads both files, and opens the map while it checks the other one.
  if (auto there = routes_.ensure_file(); !there) return there.error();
  write_server_state(no_server_state, report);
  // The file to go back to has all that HAProxy runs.
  if (std::ranges::any_of(unsaved_, [this](const auto& name) {
        return can_add_backends() && !recorded(name) && !pending_.contains(name);
      }))
    save(report);
  const auto waiting = waiting_for_load();
  brought_ = halving_.next(waiting);
  const auto left_behind = waiting.size() - brought_.size();
  auto touched = brought_;
  std::ranges::copy_if(unsaved_, std::inserter(touched, touched.end()), [this](const auto& name) {
    return !pending_.contains(name) && !blamed(name);
  });
  // The file to go back to is one that HAProxy has run with.
  const auto before = untried_ ? transaction::previous::leave : transaction::previous::keep;
  auto target = target_of(touched, report);
  auto committed = target.commit(store_, transaction::purpose::load, before);
  if (committed) save_routes(*committed, report);
  const std::size_t others = certificates_.wants_reload() ? 1 : 0;
  if (committed || committed.error().kind != base::errc::refused ||
      touched.size() + others + left_behind < 2)
    return committed;
  // One backend that HAProxy does not take must not hold up the others, nor a certificate.
  apply_report unheard;
  if (auto base = store_.validate(target_of({}, unheard).draft()); !base) return base.error();
  const auto good = without_guilty(touched, report);
  std::erase_if(pending_, [this](const auto& entry) { return blamed(entry.first); });
  std::erase_if(brought_, [&](const auto& name) { return !good.contains(name); });
  auto rest = target_of(good, unheard);
  if ((!rest.changed() && others == 0) || !needs_reload()) return committed;
  committed = rest.commit(store_, transaction::purpose::load, before);
  if (committed) save_routes(*committed, report);
  return committed;
}

/// Those of the backends with which HAProxy takes the file; the others are told of and blamed.
gateway::names gateway::without_guilty(const names& which, apply_report& report) {
  apply_report unheard;
  const auto verdict = store_.validate(target_of(which, unheard).draft());
  if (verdict) return which;
  if (which.size() == 1) {
    put_blame(*which.begin(), verdict.error().message, report);
    return {};
  }
  const auto middle = std::next(which.begin(), static_cast<std::ptrdiff_t>(which.size() / 2));
  auto good = without_guilty({which.begin(), middle}, report);
  good.merge(without_guilty({middle, which.end()}, report));
  return good;
}

void gateway::put_blame(const std::string& name, const std::string& why, apply_report& report) {
  blamed_[name] = {desired_.find(name), now_ + blame_lasts};
  tell(report, severity::error, "refused " + name, "backend " + name + " is left as it was: " + why,
       about_backend(name));
}

/// While the search goes on, those that it found stay out of it.
void gateway::extend_blame() {
  for (auto& [name, b] : blamed_)
    if (b.until > now_) b.until = std::max(b.until, budget_.earliest() + blame_lasts);
}

/// Whether HAProxy has refused just this version of a backend a short while ago.
bool gateway::blamed(const std::string& name) const {
  const auto found = blamed_.find(name);
  if (found == blamed_.end() || found->second.until <= now_) return false;
  return found->second.version == desired_.find(name);
}

// An HAProxy that comes back shall come back with everything, so the file takes what would need a
// reload; unless a reload with it has failed, or no `haproxy -c` can tell whether it would come
// back at all: then it takes no more than server lines, and the rest comes by a reload, which a
// refusal does not hurt.
void gateway::commit_while_away(apply_report& report) {
  if (budget_.failures() > 0 || settings_.haproxy.binary.empty()) {
    if (save_due_) save(report);
    return;
  }
  if (unsaved_.empty() && pending_.empty() && !head_changed_) {
    save_routes(file_, report);
    return;
  }
  if (auto free = new_binds_free(); !free) {
    tell(report, severity::error, about_file,
         settings_.haproxy.config_file + " keeps its frontends: " + free.error().message,
         {matter::file});
    return save(report);
  }
  auto next = commit_target(report);
  if (!next) {
    tell(report, severity::error, about_file,
         settings_.haproxy.config_file + " stays as it was: " + next.error().message,
         {matter::file});
    if (save_due_) save(report);
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
    tell(report, severity::error, about_file, back.error().message, {matter::file});
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

}  // namespace switchyard::haproxy
