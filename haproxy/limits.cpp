#include "haproxy/limits.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::haproxy {

namespace {

struct stayer {
  const model::server* server;
  const actual_server* running;
};

/// Those that take new requests and go on to: the ones that are no backup, or else the backups.
std::vector<stayer> stayers_of(const model::backend& desired, const actual_backend& actual) {
  std::vector<stayer> all;
  for (const auto& s : desired.servers) {
    const auto has = actual.servers.find(s.name);
    if (has != actual.servers.end() && in_rotation(has->second.now) &&
        in_rotation(s.state, s.weight))
      all.push_back({&s, &has->second});
  }
  const auto backup = [](const stayer& s) { return s.server->backup; };
  if (!std::ranges::all_of(all, backup)) std::erase_if(all, backup);
  return all;
}

}  // namespace

bool has_limits(const model::backend& desired, const actual_backend& actual) {
  return std::ranges::any_of(desired.servers, [](const auto& s) { return limits(s.maxconn); }) ||
         std::ranges::any_of(actual.servers, [](const auto& entry) {
           const auto& known = entry.second.maxconn;
           return !known || limits(*known);
         });
}

// Of servers that take turns one is enough: with each request that it ends it takes the next. Of
// backups HAProxy uses the first that is up, in an order that is its own.
std::vector<step> plan_relief(const model::backend& desired, const actual_backend& actual) {
  auto takers = stayers_of(desired, actual);
  if (takers.empty()) return {};
  if (!takers.front().server->backup) {
    const auto up = std::ranges::find_if(takers, [](const stayer& s) { return s.running->now.up; });
    takers = {up == takers.end() ? takers.front() : *up};
  }
  std::vector<step> steps;
  for (const auto& taker : takers) {
    auto target = *taker.server;
    target.maxconn = given_maxconn(target.maxconn, true);
    if (auto made = set_maxconn(desired.name, target.name, target.maxconn))
      steps.push_back({std::move(made).value(), std::move(target), step::purpose::queues});
  }
  return steps;
}

}  // namespace switchyard::haproxy
