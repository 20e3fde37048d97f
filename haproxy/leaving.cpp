// Servers on their way out: drained, then deleted.

#include <algorithm>
#include <iterator>
#include <utility>

#include "haproxy/gateway.hpp"
#include "haproxy/limits.hpp"
#include "haproxy/step_sums.hpp"
#include "haproxy/step_words.hpp"

namespace switchyard::haproxy {

namespace {

// Of backends with servers to delete, and of servers, which cost a question and an answer each:
// changes that wait come first, and the next tick goes on at once.
constexpr std::size_t most_at_once = 100;

void tell_deleted(const std::vector<std::pair<std::string, std::string>>& deleted,
                  apply_report& report) {
  if (deleted.size() > told_one_by_one) {
    step_sums sums;
    for (const auto& [backend, server] : deleted) sums.add_deleted(backend);
    std::ranges::move(sums.notices(), std::back_inserter(report.notices));
    return;
  }
  for (const auto& [backend, server] : deleted)
    report.notices.push_back({severity::info,
                              backend + "/" + server + " drained and deleted",
                              {matter::server, backend, server}});
}

/// Whether requests may wait for it.
bool is_limited(const actual_backend& running, const std::string& server) {
  const auto found = running.servers.find(server);
  return found != running.servers.end() && may_limit(found->second.maxconn);
}

/// Whether HAProxy has deleted the server. The error: the conversation is broken.
base::outcome<bool> delete_server(conversation& with, const std::string& backend,
                                  const std::string& server, actual_backend& running) {
  const auto maint = set_state(backend, server, model::server_state::maint);
  const auto del = del_server(backend, server);
  if (!maint || !del) return false;
  const auto verdicts = with.execute(std::vector<command>{*maint, *del});
  if (with.broken()) return verdicts.back().error();
  const auto known = running.servers.find(server);
  if (known == running.servers.end()) return static_cast<bool>(verdicts.back());
  if (verdicts.front()) known->second.now.state = model::server_state::maint;
  if (verdicts.back()) running.servers.erase(known);
  return static_cast<bool>(verdicts.back());
}

}  // namespace

bool gateway::has_all_desired(const std::string& name) const {
  const auto wanted = desired_.find(name);
  const auto running = actual_.find(name);
  return !wanted ||
         (running != actual_.end() && std::ranges::all_of(wanted->servers, [&](const auto& s) {
            return running->second.servers.contains(s.name);
          }));
}

// What is to take over from them was sent before. Where HAProxy refused one of those, or the
// conversation ended, all stay until the next pass.
void gateway::plan_leaving(pending_steps& all) {
  for (const auto& [name, servers] : all.departing)
    if (has_all_desired(name)) drain(name, servers, all.leaving);
  all.departing.clear();
}

void gateway::drain(const std::string& name, const std::vector<std::string>& servers,
                    std::vector<pending_step>& steps) {
  const auto wanted = desired_.find(name);
  const auto& running = actual_.at(name);
  bool limited = false;
  const bool sticky = wanted && wanted->settings.sticky;
  for (const auto& server : servers) {
    const auto& now = running.servers.at(server).now;
    // HAProxy sends nobody to one in maintenance, whatever the cookie says; one that is down may
    // come up.
    const bool visited = sticky && now.state != model::server_state::maint;
    drains_.add({name, server}, now_,
                visited ? drain_queue::visitors::persistent : drain_queue::visitors::none);
    if (now.state != model::server_state::ready) continue;
    auto drain = set_state(name, server, model::server_state::drain);
    if (!drain) continue;
    model::server target;
    target.name = server;
    target.state = model::server_state::drain;
    steps.push_back({name, {std::move(drain).value(), std::move(target)}});
    limited = limited || is_limited(running, server);
  }
  if (limited) std::ranges::move(relief_of(wanted, running), std::back_inserter(steps));
}

/// Who serves in the place of backends that these steps do not bring.
route_table::stand_ins gateway::stand_ins_beside(const pending_steps& all) const {
  names added;
  for (const auto& s : all.steps)
    if (s.what.what.kind == command_kind::add_backend) added.insert(s.backend);
  return routes_.standing_in([&](const auto& backend) {
    return added.contains(backend) ? backend_presence::running : presence(backend);
  });
}

// Where HAProxy can delete backends, one that nobody desires takes no more traffic, its servers
// leave, then it goes. Elsewhere it goes with a reload; so does one that takes the requests of
// another one until a reload brings that. Where nothing brings it for now, this one stays.
void gateway::plan_retiring(const std::string& name, pending_steps& all) {
  const auto running = actual_.find(name);
  if (running == actual_.end()) {
    const bool is_gone = can_add_backends() && running_ && !running_->contains(name);
    if (file_.backends.contains(name) && !is_gone) pending_[name] = plan_removal(name).reload;
    return;
  }
  if (!all.stand_ins) all.stand_ins = stand_ins_beside(all);
  if (const auto found = all.stand_ins->find(name);
      found != all.stand_ins->end() && !retiring(name)) {
    const bool comes = std::ranges::any_of(
        found->second, [this](const auto& awaited) { return pending_.contains(awaited); });
    if (comes && file_.backends.contains(name)) pending_[name] = plan_removal(name).reload;
    return;
  }
  const bool by_command = can_add_backends() && !by_reload_.contains(name);
  auto p = plan_removal(name, by_command ? &running->second : nullptr);
  if (!p.retires) {
    if (file_.backends.contains(name)) pending_[name] = std::move(p.reload);
    return;
  }
  drains_.add({name, ""}, now_);
  routes_.backends_changed();
  for (auto& s : p.steps) all.leaving.push_back({name, std::move(s)});
  // Nothing new comes to its servers, and what waits in its queue still goes to them.
  for (const auto& server : p.leaving) {
    drains_.add({name, server}, now_);
    drains_.unvisited({name, server});
  }
}

bool gateway::work_drains(apply_report& report) {
  deleted_servers deleted;
  const bool done = delete_due(deleted, report);
  tell_deleted(deleted, report);
  return done;
}

bool gateway::delete_due(deleted_servers& deleted, apply_report& report) {
  std::size_t looked_at = 0;
  std::size_t room = most_at_once;
  for (const auto& [backend, servers] : drains_.due(now_)) {
    if (++looked_at > most_at_once || room == 0) break;
    if (!actual_.contains(backend)) {
      drains_.forget_backend(backend);
      continue;
    }
    // Routes have not left it yet.
    if (held_.contains(backend)) {
      for (const auto& server : servers) drains_.postpone({backend, server}, now_);
      continue;
    }
    if (!delete_drained(backend, servers, room, deleted, report)) return false;
    if (retiring(backend) && !delete_retired(backend, report)) return false;
  }
  return true;
}

bool gateway::delete_drained(const std::string& backend, const std::vector<std::string>& servers,
                             std::size_t& room, deleted_servers& deleted, apply_report& report) {
  const auto reply = session_->execute_raw("show servers conn " + backend);
  if (!reply) return lost(reply.error(), report);
  const auto connections = parse_servers_conn(*reply);
  if (!connections && connections.error().kind == base::errc::not_found) {
    backend_gone(backend);
    return true;
  }
  if (!connections) return lost(connections.error(), report);
  auto& running = actual_[backend];
  bool limited = false;
  for (const auto& server : servers) {
    if (server.empty()) continue;  // the backend itself
    const auto open = connections->find(server);
    if (open == connections->end()) {
      drains_.forget({backend, server});
      continue;
    }
    const bool had_limit = is_limited(running, server);
    auto gone = base::outcome<bool>(false);
    if (drains_.may_delete({backend, server}, open->second, now_)) {
      if (room == 0) break;  // it stays due
      --room;
      gone = delete_server(*session_, backend, server, running);
    }
    if (!gone) return lost(gone.error(), report);
    if (!*gone) {
      drains_.postpone({backend, server}, now_);
      continue;
    }
    ++report.steps;
    limited = limited || had_limit;
    drains_.forget({backend, server});
    deleted.emplace_back(backend, server);
  }
  // A request may have found it full just before it was drained, and have queued just after.
  const auto relief =
      limited ? relief_of(desired_.find(backend), running) : std::vector<pending_step>();
  return relief.empty() || send(relief, report);
}

bool gateway::delete_retired(const std::string& backend, apply_report& report) {
  const drain_queue::key key{backend, ""};
  const auto& known = actual_.at(backend);
  const auto del = del_backend(backend);
  if (!del || known.published || !known.servers.empty()) {
    drains_.postpone(key, now_);
    return true;
  }
  const auto verdict = session_->execute(std::vector<command>{*del}).front();
  if (session_->broken()) return lost(verdict.error(), report);
  if (verdict) {
    ++report.steps;
    backend_gone(backend);
    report.notices.push_back({severity::info, "backend " + backend + " deleted without a reload",
                              about_backend(backend)});
    return true;
  }
  // A rule of the operator's names it, say: then only a reload can take it away.
  drains_.forget(key);
  by_reload_.insert(backend);
  tell(report, severity::warning, std::string(about_step) + "backend " + backend,
       "HAProxy refuses " + verdict.error().message, about_backend(backend));
  pending_[backend] = plan_removal(backend).reload;
  return true;
}

void gateway::backend_gone(const std::string& backend) {
  drains_.forget_backend(backend);
  vanished(backend);
  unverified_.erase(backend);
  pending_.erase(backend);
  quiet(std::string(about_step) + "backend " + backend);
  mark_unsaved(backend);
}

}  // namespace switchyard::haproxy
