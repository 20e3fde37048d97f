#include "base/resolver_channel.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace switchyard::base {

namespace {

using std::chrono::seconds;

int family_of(resolver::family wanted) {
  switch (wanted) {
    case resolver::family::ipv4:
      return AF_INET;
    case resolver::family::ipv6:
      return AF_INET6;
    case resolver::family::any:
      break;
  }
  return AF_UNSPEC;
}

/// "" for what no server can have: HAProxy would send to the address that the client asked for.
std::string literal_of(const ares_addrinfo_node& node) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (node.ai_family == AF_INET) {
    sockaddr_in at{};
    std::memcpy(&at, node.ai_addr, sizeof at);
    if (at.sin_addr.s_addr == INADDR_ANY) return "";
    return ::inet_ntop(AF_INET, &at.sin_addr, text.data(), text.size());
  }
  if (node.ai_family != AF_INET6) return "";
  sockaddr_in6 at{};
  std::memcpy(&at, node.ai_addr, sizeof at);
  if (IN6_IS_ADDR_UNSPECIFIED(&at.sin6_addr)) return "";
  return ::inet_ntop(AF_INET6, &at.sin6_addr, text.data(), text.size());
}

void note_socket(void* sockets, ares_socket_t fd, int reads, int writes) {
  auto& all = *static_cast<polled_sockets*>(sockets);
  if (reads == 0 && writes == 0)
    all.erase(fd);
  else
    all[fd] = static_cast<short>((reads != 0 ? POLLIN : 0) | (writes != 0 ? POLLOUT : 0));
}

}  // namespace

channel_ptr make_channel(const resolver::options& o, polled_sockets& sockets) {
  ares_options settings{};
  settings.sock_state_cb = &note_socket;
  settings.sock_state_cb_data = &sockets;
  settings.timeout = static_cast<int>(o.timeout.count());
  settings.tries = static_cast<int>(o.tries);
  ares_channel channel = nullptr;
  int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (o.tcp) {
    settings.flags = ARES_FLAG_USEVC;
    given |= ARES_OPT_FLAGS;
  }
#ifdef ARES_OPT_QUERY_CACHE
  // From 1.31 on c-ares would answer from a cache of its own; how old an answer may be is ours.
  settings.qcache_max_ttl = 0;
  given |= ARES_OPT_QUERY_CACHE;
#endif
  if (ares_init_options(&channel, &settings, given) != ARES_SUCCESS) return nullptr;
  channel_ptr made(channel);
  if (!o.servers.empty() && ares_set_servers_ports_csv(channel, o.servers.c_str()) != ARES_SUCCESS)
    return nullptr;
  return made;
}

ares_addrinfo_hints hints_of(const resolver::options& o) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family_of(o.addresses);
  hints.ai_socktype = SOCK_STREAM;
  return hints;
}

outcome<resolver::answer> answer_of(const ares_addrinfo& found) {
  resolver::answer all;
  for (const auto* node = found.nodes; node != nullptr; node = node->ai_next) {
    const seconds ttl(std::max(node->ai_ttl, 0));
    if (ttl.count() > 0) all.ttl = all.ttl.count() == 0 ? ttl : std::min(all.ttl, ttl);
    auto text = literal_of(*node);
    if (!text.empty()) all.addresses.push_back(std::move(text));
  }
  if (all.addresses.empty()) return failure_of(ARES_ENODATA);
  return all;
}

error failure_of(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return {errc::not_found, "there is no such name"};
    case ARES_ENODATA:
      return {errc::not_found, "it has no address"};
    case ARES_ETIMEOUT:
      return {errc::timeout, "no name server answers in time"};
    case ARES_ECONNREFUSED:
      return {errc::unavailable, "no name server can be reached"};
    default:
      return {errc::unavailable, ares_strerror(status)};
  }
}

}  // namespace switchyard::base
