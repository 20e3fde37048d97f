#include "providers/postgres/patch.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace switchyard::providers::postgres {

namespace {

bool only(const std::set<std::string>& named, const model::backend_event& read) {
  return std::ranges::all_of(read.value->servers,
                             [&](const auto& server) { return named.contains(server.name); }) &&
         std::ranges::includes(named, read.refused_servers);
}

}  // namespace

bool patchable(const model::backend_event* last) {
  return last != nullptr && last->value && !last->settings_refused && !last->servers_refused;
}

std::optional<model::backend_event> patched(const model::backend_event& last,
                                            const std::set<std::string>& named,
                                            const model::backend_event* read) {
  if (read != nullptr && (!read->value || !only(named, *read))) return std::nullopt;
  static const std::vector<model::server> none;
  model::backend target{last.value->name, last.value->settings, {}};
  target.servers.reserve(last.value->servers.size() + named.size());
  const auto& fresh = read == nullptr ? none : read->value->servers;
  auto next = fresh.begin();
  for (const auto& server : last.value->servers) {
    if (named.contains(server.name)) continue;
    for (; next != fresh.end() && next->name < server.name; ++next) target.servers.push_back(*next);
    target.servers.push_back(server);
  }
  target.servers.insert(target.servers.end(), next, fresh.end());
  model::backend_event event;
  std::ranges::set_difference(last.refused_servers, named,
                              std::inserter(event.refused_servers, event.refused_servers.end()));
  if (read != nullptr)
    event.refused_servers.insert(read->refused_servers.begin(), read->refused_servers.end());
  if (target.servers.empty()) return std::nullopt;
  event.value = std::make_shared<const model::backend>(std::move(target));
  return event;
}

}  // namespace switchyard::providers::postgres
