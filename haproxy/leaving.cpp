// Servers on their way out: drained, then deleted.

#include <utility>

#include "haproxy/gateway.hpp"

namespace switchyard::haproxy {

void gateway::plan_leaving(const std::string& name, const std::vector<std::string>& servers,
                           std::vector<pending_step>& steps) {
  for (const auto& server : servers) {
    drains_.add({name, server}, now_);
    const auto& now = actual_.at(name).servers.at(server).now;
    if (now.state != model::server_state::ready) continue;
    auto drain = set_state(name, server, model::server_state::drain);
    if (!drain) continue;
    model::server target;
    target.name = server;
    target.state = model::server_state::drain;
    steps.push_back({name, {std::move(drain).value(), std::move(target)}});
  }
}

bool gateway::work_drains(apply_report& report) {
  for (const auto& [backend, servers] : drains_.due(now_))
    if (!delete_drained(backend, servers, report)) return false;
  return true;
}

bool gateway::delete_drained(const std::string& backend, const std::vector<std::string>& servers,
                             apply_report& report) {
  const auto reply = session_->execute_raw("show servers conn " + backend);
  if (!reply) return lost(reply.error(), report);
  const auto connections = parse_servers_conn(*reply);
  if (!connections) return lost(connections.error(), report);
  for (const auto& server : servers) {
    const auto open = connections->find(server);
    if (open == connections->end()) {
      drains_.forget({backend, server});
      continue;
    }
    const auto maint = set_state(backend, server, model::server_state::maint);
    const auto del = del_server(backend, server);
    if (!maint || !del || !drains_.may_delete({backend, server}, open->second, now_)) {
      drains_.postpone({backend, server}, now_);
      continue;
    }
    const auto verdicts = session_->execute(std::vector<command>{*maint, *del});
    if (session_->broken()) return lost(verdicts.back().error(), report);
    if (const auto known = actual_[backend].servers.find(server);
        verdicts.front() && known != actual_[backend].servers.end())
      known->second.now.state = model::server_state::maint;
    if (!verdicts.back()) {
      drains_.postpone({backend, server}, now_);
      continue;
    }
    ++report.steps;
    drains_.forget({backend, server});
    actual_[backend].servers.erase(server);
    report.notices.push_back({severity::info, backend + "/" + server + " drained and deleted"});
  }
  return true;
}

}  // namespace switchyard::haproxy
