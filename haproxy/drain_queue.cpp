#include "haproxy/drain_queue.hpp"

#include <algorithm>

namespace switchyard::haproxy {

namespace {
using std::chrono::milliseconds;
// A request that chose the server just before it was drained has its connection by then.
constexpr milliseconds first_look{20};
constexpr milliseconds longest_wait{1000};
}  // namespace

void drain_queue::add(const key& server, time_point now, visitors who) {
  entries_.try_emplace(server, entry{now, now + first_look, first_look, who});
}

void drain_queue::unvisited(const key& server) {
  if (const auto found = entries_.find(server); found != entries_.end())
    found->second.who = visitors::none;
}

void drain_queue::forget_backend(const std::string& backend) {
  std::erase_if(entries_, [&](const auto& e) { return e.first.first == backend; });
}

std::vector<std::string> drain_queue::of(const std::string& backend) const {
  std::vector<std::string> result;
  for (auto e = entries_.lower_bound({backend, ""}); e != entries_.end(); ++e) {
    if (e->first.first != backend) break;
    result.push_back(e->first.second);
  }
  return result;
}

std::map<std::string, std::vector<std::string>> drain_queue::due(time_point now) const {
  std::map<std::string, std::vector<std::string>> result;
  for (const auto& [server, e] : entries_)
    if (e.next_look <= now) result[server.first].push_back(server.second);
  return result;
}

std::optional<drain_queue::time_point> drain_queue::next() const {
  std::optional<time_point> first;
  for (const auto& [server, e] : entries_)
    if (!first || e.next_look < *first) first = e.next_look;
  return first;
}

bool drain_queue::may_delete(const key& server, std::uint64_t connections, time_point now) const {
  const auto found = entries_.find(server);
  if (found == entries_.end()) return false;
  const auto& e = found->second;
  return (connections == 0 && e.who == visitors::none) || now - e.since >= timeout_;
}

void drain_queue::postpone(const key& server, time_point now) {
  const auto found = entries_.find(server);
  if (found == entries_.end()) return;
  auto& e = found->second;
  e.wait = std::min(e.wait * 2, longest_wait);
  e.next_look = now + e.wait;
}

}  // namespace switchyard::haproxy
