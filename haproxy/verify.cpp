// The gateway's second look: what its commands have touched, read back.

#include <algorithm>
#include <iterator>
#include <utility>

#include "haproxy/gateway.hpp"
#include "haproxy/limits.hpp"

namespace switchyard::haproxy {

namespace {

// Past this many backends one table of everything is read back instead of one per backend.
constexpr std::size_t single_tables = 16;

const std::string about_drift = "drift ";

}  // namespace

// Everything, or what is next in turn and what HAProxy lacks.
bool gateway::compare(apply_report& report) {
  auto which = turns_.next(actual_);
  const auto limits = limit_turns_.next(actual_);
  if (!limits) limits_of_ = 0;  // read with everything
  if (!which)
    return read_everything(report) && read_published(report) &&
           (!limits || look_at_limits(*limits, report)) && converge(every_name(), report, true) &&
           verify(report);
  if (!read_layout(report) || !read_running(report) ||
      !read_back(*which, reading::one_by_one, report) ||
      (limits && !look_at_limits(*limits, report)))
    return false;
  for (auto at = actual_.begin(); at != actual_.end();)
    at = running_->contains(at->first) ? std::next(at) : actual_.erase(at);
  for (const auto& name : every_name())
    if (!actual_.contains(name)) which->insert(name);
  if (turns_.first()) {
    if (const auto read = routes_.read(*session_); !read) return lost(read.error(), report);
    if (!read_published(report)) return false;
  }
  return converge(*which, report, true) && verify(report);
}

// What was done since then was against drift.
void gateway::note_repairs(const before_repairs& before, apply_report& report) const {
  report.repaired += report.steps - before.steps;
  for (auto i = before.notices; i < report.notices.size(); ++i)
    if (auto& told = report.notices[i]; told.level == severity::info && !told.about.backend.empty())
      told.text += ", put back";
  for (const auto& [kind, count] : done_since(before.sent, tally_)) report.repairs[kind] += count;
}

bool gateway::verify(apply_report& report) {
  verify_due_.reset();
  if (!verify_routes(report)) return false;
  const before_repairs before{report.steps, tally_, report.notices.size()};
  const bool done = verify_touched(report);
  note_repairs(before, report);
  return done;
}

// Reads back what was touched and plans again: what still differs then gets one more try, and is
// told.
bool gateway::verify_touched(apply_report& report) {
  auto which = std::exchange(unverified_, {});
  // Routes have not left these yet.
  for (const auto& name : held_)
    if (which.erase(name) > 0) unverified_.insert(name);
  if (which.empty()) return true;
  if (!read_back(which, reading::whole_when_many, report)) return false;
  // A request may have found a server full just before it was to rest, and have queued just after.
  std::vector<pending_step> relief;
  for (const auto& name : which)
    if (const auto known = actual_.find(name);
        known != actual_.end() && rests_with_limit(known->second))
      std::ranges::move(relief_of(desired_.find(name), known->second), std::back_inserter(relief));
  if (!relief.empty() && !send(relief, report)) return false;
  const auto steps = everything_of(plan_all(which, report));
  quiet_drift(which, steps);
  if (steps.empty()) return true;
  if (!carry_out(steps, report)) return false;
  which.clear();
  for (const auto& s : steps) which.insert(s.backend);
  if (!read_back(which, reading::whole_when_many, report)) return false;
  tell_drift(which, everything_of(plan_all(which, report)), report);
  return true;
}

std::vector<pending_step> gateway::everything_of(pending_steps all) {
  plan_leaving(all);
  std::ranges::move(all.leaving, std::back_inserter(all.steps));
  return std::move(all.steps);
}

// One line a backend, and again only when it was away in between.
void gateway::tell_drift(const names& which, const std::vector<pending_step>& left,
                         apply_report& report) {
  names drifting;
  for (const auto& s : left) {
    if (!drifting.insert(s.backend).second) continue;
    tell(report, severity::error, about_drift + s.backend,
         subject_of(s.backend, s.what) + " is not as desired after `" + s.what.what.line +
             "`; the next reconcile tries again",
         {matter::server, s.backend, s.what.target.name});
  }
  quiet_drift(which, left);
}

bool gateway::drifts(const std::string& backend) const {
  return told_.contains(about_drift + backend);
}

// Those of `which` that were told of and are as desired now.
void gateway::quiet_drift(const names& which, const std::vector<pending_step>& left) {
  names drifting;
  for (const auto& s : left) drifting.insert(s.backend);
  told_.quiet_all(about_drift, [&](const auto& name) {
    return which.contains(name) && !drifting.contains(name);
  });
}

bool gateway::read_back(const names& which, reading how, apply_report& report) {
  runtime_view seen;
  const auto read = [&](const std::string& name) {
    const auto reply =
        session_->execute_raw("show servers state" + (name.empty() ? name : " " + name));
    if (!reply) return lost(reply.error(), report);
    auto view = parse_servers_state(*reply);
    if (!view && view.error().kind == base::errc::not_found) {
      vanished(name);
      return true;
    }
    if (!view) return lost(view.error(), report);
    seen.merge(*view);
    return true;
  };
  if (how == reading::whole_when_many && which.size() > single_tables) {
    if (!read("")) return false;
  } else {
    for (const auto& name : which)
      if (!read(name)) return false;
  }
  for (const auto& name : which) {
    const auto known = actual_.find(name);
    if (known == actual_.end()) continue;
    auto& servers = known->second.servers;
    auto& now = seen[name];
    std::erase_if(servers, [&](const auto& s) { return !now.contains(s.first); });
    for (auto& [server, state] : now) servers[server].now = std::move(state);
  }
  return true;
}

/// HAProxy has no such backend any more.
void gateway::vanished(const std::string& backend) {
  actual_.erase(backend);
  if (running_) running_->erase(backend);
  routes_.backends_changed();
}

bool gateway::verify_routes(apply_report& report) {
  if (!std::exchange(routes_unverified_, false) || !routes_.small()) return true;
  if (const auto read = routes_.read(*session_); !read) return lost(read.error(), report);
  const bool converged = work_routes(report, true);
  routes_unverified_ = false;  // what still differs is for the next reconcile
  return converged;
}

}  // namespace switchyard::haproxy
