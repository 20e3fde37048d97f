// Servers with an option that HAProxy cannot change: replaced where that hurts nobody, else by a
// reload.

#include <algorithm>
#include <utility>

#include "haproxy/gateway.hpp"
#include "haproxy/limits.hpp"

namespace switchyard::haproxy {

// What is replaced needs no reload any more.
bool gateway::work_replacements(const names& which, apply_report& report) {
  for (const auto& name : which) {
    const auto waiting = pending_.find(name);
    const auto wanted = desired_.find(name);
    const auto options_only = [](const auto& r) {
      return r.cause == reload_cause::changed_server_options;
    };
    if (waiting == pending_.end() || !wanted || !desired_.complete() ||
        !std::ranges::all_of(waiting->second, options_only))
      continue;
    const auto reply = session_->execute_raw("show servers conn " + name);
    if (!reply) return lost(reply.error(), report);
    const auto connections = parse_servers_conn(*reply);
    if (!connections && connections.error().kind == base::errc::not_found) continue;
    if (!connections) return lost(connections.error(), report);
    if (!read_back({name}, reading::one_by_one, report)) return false;  // who is up
    names done;
    for (const auto& reason : waiting->second) {
      const auto server = reason.subject.substr(name.size() + 1);
      const auto* target = wanted->find(server);
      const auto used = connections->find(server);
      if (target == nullptr || used == connections->end() ||
          !replaceable(*wanted, *target, used->second))
        continue;
      bool replaced = false;
      if (!replace(*wanted, *target, report, replaced)) return false;
      if (replaced) done.insert(reason.subject);
    }
    std::erase_if(waiting->second, [&](const auto& r) { return done.contains(r.subject); });
    if (waiting->second.empty()) pending_.erase(waiting);
  }
  return true;
}

/// Whether no request misses the server for the moment that it is not there: it takes none, or
/// another one does.
bool gateway::replaceable(const model::backend& backend, const model::server& server,
                          std::uint64_t connections) const {
  const auto running = actual_.find(backend.name);
  if (connections > 0 || running == actual_.end()) return false;
  const auto& servers = running->second.servers;
  const auto takes_traffic = [](const actual_server& s) {
    return s.now.state == model::server_state::ready && s.now.up && s.now.weight > 0;
  };
  const auto own = servers.find(server.name);
  if (own == servers.end()) return false;
  if (own->second.now.state != model::server_state::ready) return true;
  if (!own->second.now.up) return false;  // a new one begins as up
  return std::ranges::any_of(servers, [&](const auto& other) {
    return other.first != server.name && takes_traffic(other.second) &&
           !other.second.backup.value_or(true);
  });
}

/// False when HAProxy is lost. `done`: it has the new server.
bool gateway::replace(const model::backend& backend, const model::server& server,
                      apply_report& report, bool& done) {
  const auto* r = render(backend, report);
  auto fresh = server;
  fresh.maxconn = given_maxconn(server.maxconn, has_limits(backend, actual_.at(backend.name)));
  const auto steps = r == nullptr
                         ? std::vector<step>()
                         : plan_replacement(backend, fresh, r->options, arrival_in(backend));
  if (steps.empty()) return true;
  std::vector<command> commands;
  commands.reserve(steps.size());
  for (const auto& s : steps) commands.push_back(s.what);
  const auto verdicts = session_->execute(commands);
  if (session_->broken()) return lost(verdicts.back().error(), report);
  auto& running = actual_.at(backend.name);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!verdicts[i]) continue;
    ++report.steps;
    note_done(running, steps[i]);
    if (steps[i].what.kind == command_kind::add_server) done = true;
  }
  unverified_.insert(backend.name);
  if (done)
    report.notices.push_back(
        {severity::info,
         backend.name + "/" + server.name +
             " replaced, for HAProxy cannot change \"backup\" of a running server",
         {matter::server, backend.name, server.name}});
  return true;
}

}  // namespace switchyard::haproxy
