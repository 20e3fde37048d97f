// The gateway's configuration file as a reload, or a start, is to load it.

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "haproxy/gateway.hpp"
#include "haproxy/guilt_search.hpp"
#include "haproxy/server_state.hpp"

namespace switchyard::haproxy {

namespace {

// An HAProxy that is restarted is back before that. One that is not may be unable to load its file.
constexpr std::chrono::seconds longest_restart{30};

// Changes wait while guilty backends are searched for. What is not decided by then waits for the
// next reload.
constexpr std::chrono::seconds longest_search{20};

}  // namespace

/// The file with the desired versions of these backends, the servers of all others, and the head
/// that goes with them.
transaction gateway::target_of(const names& which, apply_report& report) const {
  auto target = transaction::begin(file_);
  // What is left out has followed its source at run time, and has to go on from there.
  for (const auto& name : unsaved_)
    if (const auto wanted = desired_.find(name); wanted && !which.contains(name))
      static_cast<void>(target.replace_servers(with_kept_servers(*wanted)));  // if it is there
  names gone;
  for (const auto& name : which) {
    const auto wanted = desired_.find(name);
    if (wanted) {
      if (auto written = target.upsert_backend(with_kept_servers(*wanted), ca_file()); !written)
        report.notices.push_back({severity::error, written.error().message, about_backend(name)});
    } else if (desired_.may_go(name) && target.draft().backends.contains(name)) {
      gone.insert(name);
    }
  }
  if (!gone.empty())
    for (const auto& [name, awaited] : routes_.standing_in(
             [&](const auto& backend) { return presence_in(target.draft(), backend); }))
      gone.erase(name);
  for (const auto& name : gone) static_cast<void>(target.remove_backend(name));  // it is there
  auto head = render_head(settings_.haproxy, settings_.frontends, target.draft().modes(),
                          operators_.leave_server_state());
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
  if (auto there = restore_map(report); !there) return there.error();
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
  const bool others =
      certificates_.wants_reload() || head_changed_ ||
      (!away_ && (!layout_known_ || operators_.base_changed() || operators_.ca_changed()));
  // Alone it waits for the next reload; while HAProxy is away there is no backoff, so it rests.
  const std::size_t several = away_ ? 1 : 2;
  const bool alone = touched.size() + (others ? 1 : 0) + left_behind < several;
  if (committed || committed.error().kind != base::errc::refused || alone) return committed;
  // One backend that HAProxy does not take must not hold up the others, nor what else waits.
  apply_report unheard;
  if (auto base = store_.validate(target_of({}, unheard).draft()); !base) return base.error();
  const auto good = without_guilty(touched, report);
  std::erase_if(pending_, [this](const auto& entry) { return blamed(entry.first); });
  std::erase_if(brought_, [&](const auto& name) { return !good.contains(name); });
  for (const auto& name : touched)
    if (!good.contains(name) && !blamed(name)) pending_.try_emplace(name);  // not decided
  auto rest = target_of(good, unheard);
  if ((!rest.changed() && !others) || (!away_ && !needs_reload())) return committed;
  committed = rest.commit(store_, transaction::purpose::load, before);
  if (committed) save_routes(*committed, report);
  return committed;
}

/// Those of the backends with which HAProxy takes the file; the others are told of and blamed,
/// apart from those that the time does not suffice for.
gateway::names gateway::without_guilty(const names& which, apply_report& report) {
  using std::chrono::steady_clock;
  apply_report unheard;
  guilt_search search;
  if (!which.empty())
    search.among(
        which, [&](const names& some) { return store_.validate(target_of(some, unheard).draft()); },
        [until = steady_clock::now() + longest_search] { return steady_clock::now() < until; });
  for (const auto& [name, why] : search.guilty) put_blame(name, why, report);
  return search.good;
}

// From now on: the search may have taken longer than a blame lasts.
void gateway::put_blame(const std::string& name, const std::string& why, apply_report& report) {
  blames_.blame(name, desired_.find(name), std::max(now_, std::chrono::steady_clock::now()));
  tell(report, severity::error, "refused " + name, "backend " + name + " is left as it was: " + why,
       about_backend(name));
}

/// Whether HAProxy has refused a backend with just these settings a short while ago.
bool gateway::blamed(const std::string& name) const {
  return blames_.blamed(name, desired_.find(name), now_);
}

/// Backends of the file that have changed since, and of which nothing tells yet that HAProxy does
/// not take them as they are now.
gateway::names gateway::corrections(apply_report& report) {
  names all;
  for (const auto& name : unsaved_) {
    const auto section = file_.backends.find(name);
    const auto wanted = desired_.find(name);
    // What nobody checks is not tried again because time has passed.
    const bool refused =
        settings_.haproxy.binary.empty() ? blames_.was_blamed(name, wanted) : blamed(name);
    if (section == file_.backends.end() || refused || blames_.was_tried(name, wanted)) continue;
    const auto* r = wanted ? render(*wanted, report) : nullptr;
    const bool changed = r != nullptr && r->text != section->second->settings;
    const bool gone = !wanted && desired_.may_go(name);
    if (changed || gone) all.insert(name);
  }
  return all;
}

/// Writes what an HAProxy that is away shall start with.
template <class Commit>
bool gateway::commit_for_start(Commit commit, apply_report& report) {
  const auto stays = [&](const std::string& how, const base::error& why) {
    tell(report, severity::error, about_file, settings_.haproxy.config_file + how + why.message,
         {matter::file});
    return false;
  };
  if (auto free = new_binds_free(); !free) return stays(" keeps its frontends: ", free.error());
  auto next = commit();
  if (!next) return stays(" stays as it was: ", next.error());
  quiet(about_file);
  file_ = std::move(next).value();
  untried_ = true;
  return true;
}

// Its own file may be why HAProxy does not come back: what was corrected of it since is its chance.
void gateway::commit_corrections(apply_report& report) {
  // Unchecked, only where nobody has come back for so long that the file may be the reason.
  const bool down = absence_.lasted(now_) >= longest_restart && known().running() == 0;
  if (settings_.haproxy.binary.empty() && !down) return;
  const auto corrected = corrections(report);
  if (corrected.empty()) return;
  const auto before = untried_ ? transaction::previous::leave : transaction::previous::keep;
  const auto commit = [&] {
    auto made = target_of(corrected, report).commit(store_, transaction::purpose::load, before);
    if (made) save_routes(*made, report);
    return made;
  };
  if (!commit_for_start(commit, report)) return;
  report.notices.push_back({severity::info,
                            settings_.haproxy.config_file + " takes the changed settings of " +
                                base::counted(corrected.size(), "backend") +
                                " while HAProxy is away",
                            {matter::file}});
  for (const auto& name : corrected) {
    unsaved_.erase(name);
    pending_.erase(name);
  }
}

// An HAProxy that comes back shall come back with everything, so the file takes what would need a
// reload; unless a reload with it has failed, or no `haproxy -c` can tell whether it would come
// back at all: then it takes no more than server lines and what was corrected, and the rest comes
// by a reload, which a refusal does not hurt.
void gateway::commit_while_away(apply_report& report) {
  if (budget_.failures() > 0 || halving_.searches() || settings_.haproxy.binary.empty()) {
    commit_corrections(report);
    if (saving_.waits()) save(report);
    return;
  }
  const bool all_rest =
      std::ranges::all_of(unsaved_, [this](const auto& name) { return blamed(name); });
  if (all_rest && pending_.empty() && !head_changed_) {
    if (saving_.waits())
      save(report);
    else
      save_routes(file_, report);
    return;
  }
  if (!commit_for_start([&] { return commit_target(report); }, report)) {
    if (saving_.waits()) save(report);
    return;
  }
  auto undecided = waiting_for_load();
  for (const auto& name : brought_) undecided.erase(name);
  unsaved_ = blames_.all();
  std::erase_if(unsaved_, [this](const auto& name) { return !blamed(name); });
  unsaved_.merge(undecided);
  saving_.done();
  if (!unsaved_.empty()) saving_.changed(now_);
  pending_.clear();
  head_changed_ = false;
}

// An earlier file is back; what it lacks is pending again.
bool gateway::put_back(const base::status& restored, apply_report& report) {
  if (!restored) {
    tell(report, severity::error, about_file, restored.error().message, {matter::file});
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

void gateway::step_back(const base::status& restored, apply_report& report) {
  budget_.failed(std::chrono::steady_clock::now(), random());
  put_back(restored, report);
  for (const auto& name : every_name()) blames_.tried(name, desired_.find(name));
}

/// Starts HAProxy, with an earlier file where it does not start with this one.
base::status gateway::start_managed(apply_report& report) {
  auto up = outside_->ensure_running(longest_start);
  if (!up && untried_) {
    // What was only written and never loaded may be at fault.
    step_back(store_.restore_previous(), report);
    up = outside_->ensure_running(longest_start);
  }
  if (up || up.error().kind != base::errc::refused) return up;
  // So may servers that were added at run time: nobody checks whether there is room for them.
  const auto back = store_.restore_loaded();
  if (!back) return up;
  const std::string topic = "file of a start";
  tell(report, severity::error, topic,
       "HAProxy does not start with " + settings_.haproxy.config_file + ": " + up.error().message +
           "; it is started with the file that it was loaded with before",
       {matter::file});
  step_back(back, report);
  up = outside_->ensure_running(longest_start);
  if (up) quiet(topic);
  return up;
}

/// For a start with a file that has changed since, and that HAProxy does not take.
void gateway::keep_loaded(apply_report& report) {
  if (!layout_known_) return;
  const std::string topic = "loaded file";
  const auto kept = store_.keep_loaded(file_, identity_.started);
  if (kept) return quiet(topic);
  tell(report, severity::warning, topic,
       "the file that HAProxy was loaded with cannot be kept for a start that fails: " +
           kept.error().message,
       {matter::file});
}

}  // namespace switchyard::haproxy
