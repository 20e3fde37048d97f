#include "actors/change_origins.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace switchyard::actors {

namespace {

/// Backends with something that HAProxy did not take.
std::set<std::string> refused(const haproxy::apply_report& report) {
  std::set<std::string> names;
  for (const auto& n : report.notices)
    if (n.level >= haproxy::severity::warning && !n.about.backend.empty())
      names.insert(n.about.backend);
  return names;
}

}  // namespace

void change_origins::move(origins& from, origins& to, const std::string& name) {
  auto node = from.extract(name);
  if (!node) return;
  if (const auto known = to.find(name); known != to.end())
    node.mapped().seen_at = std::min(node.mapped().seen_at, known->second.seen_at);
  to.insert_or_assign(name, std::move(node.mapped()));
}

void change_origins::move(origins& from, origins& to) {
  while (!from.empty()) move(from, to, std::string(from.begin()->first));
}

void change_origins::changed(const std::set<std::string>& backends, bool with_routes,
                             const std::string& provider, time_point seen_at) {
  const auto note = [&](const std::string& name) {
    const auto [known, is_new] = waiting_.try_emplace(name, origin{provider, seen_at});
    if (!is_new) known->second = {provider, std::min(known->second.seen_at, seen_at)};
  };
  for (const auto& name : backends) note(name);
  if (with_routes) note(routes);
}

void change_origins::sent(const haproxy::apply_request& request) {
  if (request.full) return move(waiting_, sent_);
  for (const auto& change : request.changes) move(waiting_, sent_, change.name);
  if (request.routes) move(waiting_, sent_, routes);
}

void change_origins::lost() {
  move(sent_, waiting_);
}

attributions change_origins::answered(const haproxy::apply_report& report, time_point now) {
  move(sent_, taken_);
  return noted(report, now);
}

attributions change_origins::noted(const haproxy::apply_report& report, time_point now) {
  attributions result;
  if (taken_.empty()) return result;
  const auto waiting = haproxy::by_backend(report.waiting);
  const auto failed = refused(report);
  for (auto at = taken_.begin(); at != taken_.end();) {
    auto& told = result[at->first];
    told.provider = at->second.provider;
    const bool given_up = failed.contains(at->first);
    const bool done = report.reachable && !waiting.contains(at->first);
    if (done && !given_up) told.propagation = now - at->second.seen_at;
    at = done || given_up ? taken_.erase(at) : std::next(at);
  }
  return result;
}

}  // namespace switchyard::actors
