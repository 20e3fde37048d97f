#include "providers/postgres/dsn.hpp"

#include <arpa/inet.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

namespace switchyard::providers::postgres {

namespace {

using base::errc;
using base::error;

constexpr int default_connect_seconds = 5;
constexpr int longest_connect_seconds = 86'400;

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  for (;;) {
    const auto comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

std::string joined(const std::vector<std::string>& parts) {
  std::string list;
  for (const auto& part : parts) list += (&part == parts.data() ? "" : ",") + part;
  return list;
}

struct free_options {
  void operator()(PQconninfoOption* list) const noexcept { PQconninfoFree(list); }
};
using options_ptr = std::unique_ptr<PQconninfoOption, free_options>;

options_ptr parse(const std::string& dsn) {
  char* message = nullptr;
  options_ptr list(PQconninfoParse(dsn.c_str(), &message));
  PQfreemem(message);  // it quotes the DSN, and with it the password
  return list;
}

std::chrono::seconds seconds(std::string_view text) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || value <= 0) value = default_connect_seconds;
  return std::chrono::seconds(std::min(value, longest_connect_seconds));
}

/// Calls back with what is set.
template <class Take>
void each(const options_ptr& options, Take take) {
  if (!options) return;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr && *option->val != '\0')
      take(std::string_view(option->keyword), std::string_view(option->val));
}

/// Whether that is a host that has to be looked up: no address, no socket (a path, or the name of
/// an abstract one behind an @).
bool is_name(const std::string& host) {
  if (host.empty() || host.front() == '/' || host.front() == '@') return false;
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return host.find(':') == std::string::npos &&
         ::inet_pton(AF_INET, host.c_str(), ignored.data()) != 1;
}

}  // namespace

std::size_t dsn_facts::count() const {
  return std::max({std::size_t{1}, hosts.size(), addresses.size()});
}

dsn_host dsn_facts::nth(std::size_t n) const {
  const auto part = [n](const std::vector<std::string>& list) {
    return n < list.size() ? list[n] : std::string();
  };
  return {part(hosts), part(addresses), ports.size() > 1 ? part(ports) : ""};
}

dsn_host dsn_facts::all() const {
  return {joined(hosts), joined(addresses), ports.size() > 1 ? joined(ports) : ""};
}

base::outcome<dsn_facts> read_dsn(const std::string& dsn,
                                  const std::optional<std::string>& password) {
  const auto options = parse(dsn);
  if (!options)
    return error{errc::invalid,
                 "not a connection string that libpq can read; write key=value pairs "
                 "(host=/run/postgresql dbname=app) or a URI (postgresql://host/app)"};
  dsn_facts result;
  if (password && !password->empty()) result.secrets.push_back(*password);
  each(options, [&](std::string_view key, std::string_view value) {
    if (key == "password" || key == "sslpassword") result.secrets.emplace_back(value);
    if (key == "connect_timeout") result.each_address = seconds(value);
    if (key == "host") result.hosts = split(value);
    if (key == "hostaddr") result.addresses = split(value);
    if (key == "port") result.ports = split(value);
    if (key == "service") result.from_service = true;
  });
  each(options_ptr(PQconndefaults()), [&](std::string_view key, std::string_view) {
    if (key == "hostaddr" || key == "service") result.from_service = true;
  });
  return result;
}

base::status resolve_hosts(dsn_facts& dsn, const base::resolver::options& names,
                           const base::wakeup* interrupt) {
  const bool as_many_ports = dsn.ports.size() < 2 || dsn.ports.size() == dsn.hosts.size();
  std::set<std::string> wanted;
  for (const auto& host : dsn.hosts)
    if (is_name(host)) wanted.insert(host);
  if (wanted.empty() || dsn.from_service || !dsn.addresses.empty() || !as_many_ports) return {};
  const auto found = base::resolve_once(wanted, names, interrupt, base::deadline(dsn.each_address));
  if (!found) return found.error();
  dsn_facts next = dsn;
  next.hosts.clear();
  next.ports.clear();
  const auto add = [&](std::size_t of, const std::string& address) {
    next.hosts.push_back(dsn.hosts[of]);
    next.addresses.push_back(address);
    if (dsn.ports.size() > 1) next.ports.push_back(dsn.ports[of]);
  };
  for (std::size_t i = 0; i < dsn.hosts.size(); ++i) {
    const auto answer = found->find(dsn.hosts[i]);
    if (answer == found->end() || (!answer->second && answer->second.error().kind != errc::timeout))
      add(i, "");
    else if (answer->second)
      for (const auto& address : answer->second.value().addresses) add(i, address);
  }
  if (next.hosts.empty())
    return error{errc::timeout,
                 "no name server has told the address of the database's host within " +
                     std::to_string(dsn.each_address.count() / 1000) + "s"};
  if (next.ports.empty()) next.ports = dsn.ports;
  next.resolved = true;
  dsn = std::move(next);
  return {};
}

}  // namespace switchyard::providers::postgres
