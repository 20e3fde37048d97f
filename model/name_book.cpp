#include "model/name_book.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace switchyard::model {

bool name_book::take(const std::string& backend, const backend_ptr& desired) {
  std::set<std::string> now;
  if (desired)
    for (const auto& s : desired->servers)
      if (!s.host.empty()) now.insert(s.host);
  const auto known = hosts_of_.find(backend);
  if (known == hosts_of_.end() && now.empty()) return false;
  const auto before = known == hosts_of_.end() ? std::set<std::string>() : known->second;
  if (before == now) return false;
  bool changed = false;
  for (const auto& host : now) changed = known_[host].backends.insert(backend).second || changed;
  for (const auto& host : before) {
    if (now.contains(host)) continue;
    auto& users = known_[host].backends;
    users.erase(backend);
    if (users.empty()) known_.erase(host);
  }
  if (now.empty())
    hosts_of_.erase(backend);
  else
    hosts_of_[backend] = std::move(now);
  return changed || !before.empty();
}

std::set<std::string> name_book::names() const {
  std::set<std::string> all;
  for (const auto& [host, e] : known_) all.insert(all.end(), host);
  return all;
}

std::set<std::string> name_book::resolved(const std::string& host,
                                          std::vector<std::string> addresses) {
  const auto known = known_.find(host);
  if (known == known_.end() || addresses.empty()) return {};
  auto& e = known->second;
  e.why.clear();
  const auto first = addresses.front();
  const bool stays = std::ranges::find(addresses, e.preferred) != addresses.end();
  if (addresses.size() > most_addresses) addresses.resize(most_addresses);
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  if (addresses == e.addresses) return {};
  // Answers that come in another order each time must not move a server to and fro.
  if (!stays) e.preferred = first;
  e.addresses = std::move(addresses);
  return e.backends;
}

bool name_book::failed(const std::string& host, const std::string& why) {
  const auto known = known_.find(host);
  if (known == known_.end() || known->second.why == why) return false;
  known->second.why = why;
  return true;
}

backend_ptr name_book::addressed(const backend_ptr& desired, unread& unread) const {
  if (!desired || !hosts_of_.contains(desired->name)) return desired;
  auto with = std::make_shared<backend>(backend{desired->name, desired->settings, {}});
  for (const auto& s : desired->servers) {
    if (s.host.empty())
      with->servers.push_back(s);
    else
      add(with->servers, s, *desired, unread);
  }
  sort_servers(with->servers);
  // Nobody leaves for the sake of a name that nobody knows the address of.
  const bool left_out = unread.servers || !unread.by_name.empty();
  if (left_out && with->serving() == 0) unread.servers = true;
  return with;
}

void name_book::add(std::vector<server>& to, const server& named, const backend& whole,
                    unread& unread) const {
  const auto known = known_.find(named.host);
  const bool first = named.resolve == name_resolution::first;
  if (known == known_.end() || known->second.addresses.empty()) {
    // Which servers HAProxy has of all addresses, nobody can tell.
    if (first)
      unread.by_name.insert(named.name);
    else
      unread.servers = true;
    return;
  }
  if (first) {
    to.push_back(named);
    to.back().address = known->second.preferred;
    return;
  }
  for (const auto& address : known->second.addresses) {
    auto one = named;
    one.name += "-" + address;
    one.address = address;
    if (whole.find(one.name) == nullptr) to.push_back(std::move(one));
  }
}

std::vector<name_book::failure> name_book::failures() const {
  std::vector<failure> all;
  for (const auto& [host, e] : known_)
    if (!e.why.empty()) all.push_back({host, e.why, e.addresses, *e.backends.begin()});
  return all;
}

std::optional<name_book::failure> name_book::failure_of(const std::string& host) const {
  const auto known = known_.find(host);
  if (known == known_.end() || known->second.why.empty()) return {};
  const auto& e = known->second;
  return failure{host, e.why, e.addresses, *e.backends.begin()};
}

std::vector<std::string> name_book::addresses(const std::string& host) const {
  const auto known = known_.find(host);
  return known == known_.end() ? std::vector<std::string>() : known->second.addresses;
}

std::vector<std::string> name_book::unresolved() const {
  std::vector<std::string> all;
  for (const auto& [host, e] : known_)
    if (e.addresses.empty()) all.push_back(host);
  return all;
}

std::string sentence(const name_book::failure& what) {
  std::string addresses;
  for (const auto& a : what.addresses) (addresses += addresses.empty() ? "" : ", ") += a;
  return "host name " + what.host + " of backend " + what.backend +
         " does not resolve: " + what.why + (addresses.empty() ? "" : "; it stays " + addresses);
}

}  // namespace switchyard::model
