#include "model/name_book.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace switchyard::model {

namespace {

bool is_v6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

}  // namespace

name_book::host_list name_book::hosts_in(const backend_ptr& desired,
                                         const std::vector<backend_ptr>& versions) {
  host_list all;
  if (desired)
    for (const auto& s : desired->servers)
      if (!s.host.empty()) all.used.insert(s.host);
  for (const auto& version : versions)
    for (const auto& s : version->servers)
      if (!s.host.empty() && !all.used.contains(s.host)) all.waiting.insert(s.host);
  return all;
}

bool name_book::take(const std::string& backend, const backend_ptr& desired,
                     const std::vector<backend_ptr>& versions) {
  auto now = hosts_in(desired, versions);
  const auto known = hosts_of_.find(backend);
  const auto before = known == hosts_of_.end() ? host_list() : known->second;
  if (before == now) return false;
  for (const auto& host : now.used) known_[host].backends.insert(backend);
  for (const auto& host : now.waiting) known_[host].waiting.insert(backend);
  for (const auto& host : before.used)
    if (!now.used.contains(host)) known_[host].backends.erase(backend);
  for (const auto& host : before.waiting)
    if (!now.waiting.contains(host)) known_[host].waiting.erase(backend);
  if (now.used.empty() && now.waiting.empty())
    hosts_of_.erase(backend);
  else
    hosts_of_[backend] = std::move(now);
  return true;
}

void name_book::forget_unused() {
  std::erase_if(known_, [](const auto& one) {
    return one.second.backends.empty() && one.second.waiting.empty();
  });
}

std::set<std::string> name_book::names() const {
  std::set<std::string> all;
  for (const auto& [host, e] : known_) all.insert(all.end(), host);
  return all;
}

// -- what look-ups tell

name_book::clock::time_point name_book::leaves_at(const answer& found,
                                                  clock::time_point now) const {
  const auto ttl = std::min<std::chrono::milliseconds>(found.ttl, longest_ttl);
  return now + (hold_.count() > 0 ? std::max(hold_, ttl) : hold_);
}

/// The addresses to be used from now on, not sorted: those of the answer, those that are in use
/// before others so that a cut leaves them, and those that are missing and may not leave yet.
std::vector<std::string> name_book::in_use(entry& e, const answer& found,
                                           clock::time_point now) const {
  std::vector<std::string> all;
  std::set<std::string> given;
  for (const auto& a : found.addresses)
    if (given.insert(a).second) all.push_back(a);
  std::stable_partition(all.begin(), all.end(),
                        [&](const auto& a) { return contains(e.addresses, a); });
  if (all.size() > most_addresses) all.resize(most_addresses);
  std::erase_if(e.missing, [&](const auto& m) { return given.contains(m.first); });
  const auto when = leaves_at(found, now);
  for (const auto& a : e.addresses)
    if (!given.contains(a)) e.missing.try_emplace(a, when);
  std::erase_if(e.missing, [&](const auto& m) { return m.second <= now; });
  std::vector<std::pair<clock::time_point, std::string>> held;
  for (const auto& [address, until] : e.missing) held.emplace_back(until, address);
  std::ranges::sort(held, std::greater<>());
  for (const auto& [until, address] : held) {
    if (all.size() < most_addresses)
      all.push_back(address);
    else
      e.missing.erase(address);
  }
  return all;
}

std::set<std::string> name_book::resolved(const std::string& host, const answer& found,
                                          clock::time_point now) {
  const auto known = known_.find(host);
  if (known == known_.end() || found.addresses.empty()) return {};
  auto& e = known->second;
  e.why.clear();
  e.told = false;
  bool changed = false;
  if (e.addresses.empty()) e.settles_at = leaves_at(found, now);
  if (!e.settled && now >= e.settles_at) changed = e.settled = true;
  auto addresses = in_use(e, found, now);
  // Answers that come in another order each time must not move a server to and fro, nor one in
  // which a family is missing.
  const bool family_lost = std::ranges::none_of(
      found.addresses, [&](const auto& a) { return is_v6(a) == is_v6(e.preferred); });
  const bool stays =
      contains(addresses, e.preferred) && (family_lost || contains(found.addresses, e.preferred));
  if (!stays) {
    changed = true;
    e.preferred = found.addresses.front();
    if (!contains(addresses, e.preferred)) {
      e.missing.erase(addresses.back());
      addresses.back() = e.preferred;
    }
  }
  std::ranges::sort(addresses);
  changed = changed || addresses != e.addresses;
  e.addresses = std::move(addresses);
  return changed ? e.backends : std::set<std::string>();
}

bool name_book::failed(const std::string& host, const std::string& why) {
  const auto known = known_.find(host);
  if (known == known_.end()) return false;
  auto& e = known->second;
  const bool news = !e.told || e.why != why;
  e.why = why;
  e.told = !e.backends.empty();
  return news && e.told;
}

// -- addresses in the place of names

backend_ptr name_book::addressed(const backend_ptr& desired, unread& unread) const {
  if (!desired) return desired;
  const auto hosts = hosts_of_.find(desired->name);
  if (hosts == hosts_of_.end() || hosts->second.used.empty()) return desired;
  auto with = std::make_shared<backend>(backend{desired->name, desired->settings, {}});
  bool left_out = unread.lacking();
  for (const auto& s : desired->servers) {
    if (s.host.empty())
      with->servers.push_back(s);
    else
      left_out = !add(with->servers, s, *desired, unread) || left_out;
  }
  sort_servers(with->servers);
  // Nobody leaves for the sake of a name that nobody knows the address of.
  if (left_out && with->serving() == 0) unread.servers = true;
  return with;
}

/// Whether anything is known of that name.
bool name_book::add(std::vector<server>& to, const server& named, const backend& whole,
                    unread& unread) const {
  const auto known = known_.find(named.host);
  const bool first = named.resolve == name_resolution::first;
  if (!first && (known == known_.end() || !known->second.settled))
    unread.of_addresses.insert(named.name);
  if (known == known_.end() || known->second.addresses.empty()) {
    unread.by_name.insert(named.name);
    return false;
  }
  if (first) {
    to.push_back(named);
    to.back().address = known->second.preferred;
    return true;
  }
  for (const auto& address : known->second.addresses) {
    auto one = named;
    one.name += "-" + address;
    one.address = address;
    if (whole.find(one.name) == nullptr) to.push_back(std::move(one));
  }
  return true;
}

// -- what is told of it

std::vector<std::string> name_book::present(const entry& e) {
  auto all = e.addresses;
  std::erase_if(all, [&](const auto& address) { return e.missing.contains(address); });
  return all;
}

std::vector<name_book::failure> name_book::failures() const {
  std::vector<failure> all;
  for (const auto& [host, e] : known_)
    if (auto one = failure_of(host)) all.push_back(*std::move(one));
  return all;
}

std::optional<name_book::failure> name_book::failure_of(const std::string& host) const {
  const auto known = known_.find(host);
  if (known == known_.end() || known->second.why.empty() || known->second.backends.empty())
    return {};
  const auto& e = known->second;
  return failure{host, e.why, present(e), *e.backends.begin()};
}

std::vector<std::string> name_book::addresses(const std::string& host) const {
  const auto known = known_.find(host);
  return known == known_.end() ? std::vector<std::string>() : present(known->second);
}

bool name_book::known(const std::string& host) const {
  const auto known = known_.find(host);
  return known != known_.end() && !known->second.addresses.empty();
}

std::vector<std::string> name_book::unresolved() const {
  std::vector<std::string> all;
  for (const auto& [host, e] : known_)
    if (e.addresses.empty() && !e.backends.empty()) all.push_back(host);
  return all;
}

std::string sentence(const name_book::failure& what) {
  std::string addresses;
  for (const auto& a : what.addresses) (addresses += addresses.empty() ? "" : ", ") += a;
  return "host name " + what.host + " of backend " + what.backend +
         " does not resolve: " + what.why + (addresses.empty() ? "" : "; it stays " + addresses);
}

}  // namespace switchyard::model
