#include "haproxy/limits.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::haproxy {

namespace {

// Where all have limits it may be that some of them are full.
constexpr std::size_t most_takers = 8;

struct taker {
  const model::server* server;
  bool up;
};

/// Those that take new requests and go on to.
std::vector<taker> in_rotation_of(const model::backend& desired, const actual_backend& actual) {
  std::vector<taker> all;
  for (const auto& s : desired.servers) {
    const auto has = actual.servers.find(s.name);
    if (has != actual.servers.end() && in_rotation(has->second.now) &&
        in_rotation(s.state, s.weight))
      all.push_back({&s, has->second.now.up});
  }
  return all;
}

/// Of those the ones that HAProxy gives requests: that are up, and no backups while others are.
std::vector<taker> takers_of(const model::backend& desired, const actual_backend& actual) {
  auto all = in_rotation_of(desired, actual);
  const auto down = [](const taker& t) { return !t.up; };
  if (!std::ranges::all_of(all, down)) std::erase_if(all, down);
  const auto backup = [](const taker& t) { return t.server->backup; };
  if (!std::ranges::all_of(all, backup)) std::erase_if(all, backup);
  return all;
}

}  // namespace

bool has_limits(const model::backend& desired, const actual_backend& actual) {
  return std::ranges::any_of(desired.servers, [](const auto& s) { return limits(s.maxconn); }) ||
         std::ranges::any_of(actual.servers,
                             [](const auto& entry) { return may_limit(entry.second.maxconn); });
}

bool rests_with_limit(const actual_backend& actual) {
  return std::ranges::any_of(actual.servers, [](const auto& entry) {
    return may_limit(entry.second.maxconn) && !in_rotation(entry.second.now);
  });
}

bool needs_relief(const model::backend& desired, const actual_backend& actual) {
  return std::ranges::any_of(desired.servers, [&](const auto& s) {
    const auto has = actual.servers.find(s.name);
    if (has == actual.servers.end()) return false;
    const bool before = in_rotation(has->second.now);
    const bool after = in_rotation(s.state, s.weight);
    return before != after && (after || may_limit(has->second.maxconn));
  });
}

// One without a limit is enough: with each request that it ends it takes the next. Of backups
// HAProxy uses the first one, in an order of its own.
std::vector<step> plan_relief(const model::backend& desired, const actual_backend& actual) {
  auto takers = takers_of(desired, actual);
  const auto free = std::ranges::find_if(
      takers, [](const taker& t) { return !t.server->backup && !limits(t.server->maxconn); });
  if (free != takers.end()) takers = {*free};
  if (takers.size() > most_takers) takers.erase(takers.begin() + most_takers, takers.end());
  std::vector<step> steps;
  for (const auto& t : takers) {
    auto target = *t.server;
    target.maxconn = given_maxconn(target.maxconn, true);
    if (auto made = set_maxconn(desired.name, target.name, target.maxconn))
      steps.push_back({std::move(made).value(), std::move(target), step::purpose::queues});
  }
  return steps;
}

}  // namespace switchyard::haproxy
