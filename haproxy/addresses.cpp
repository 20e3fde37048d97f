#include "haproxy/addresses.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>

#include "base/net.hpp"
#include "haproxy/program.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

namespace {

bool is_any_ipv4(const std::string& host) {
  return host == "*" || host == "0.0.0.0";
}

bool is_ipv4(const std::string& host) {
  return host.find(':') == std::string::npos;
}

/// Whether all that binds `b` collides with what binds `a`.
bool covers(const std::string& a, const std::string& b) {
  return a == b || a == "::" || (is_any_ipv4(a) && is_ipv4(b));
}

/// What the head of a file binds.
std::vector<base::tcp_address> binds_in(const std::string& head) {
  constexpr std::string_view bind = "    bind ";
  std::vector<base::tcp_address> found;
  for (auto at = head.find(bind); at != std::string::npos; at = head.find(bind, at + 1)) {
    const auto from = at + bind.size();
    const auto word = head.substr(from, head.find_first_of(" \n", from) - from);
    if (auto address = base::parse_address(word)) found.push_back(*std::move(address));
  }
  return found;
}

/// Whether HAProxy itself, with what it has loaded, would be in the way of a trial of `wanted`.
bool is_in_its_own_way(const std::vector<base::tcp_address>& loaded,
                       const base::tcp_address& wanted) {
  return std::any_of(loaded.begin(), loaded.end(), [&](const base::tcp_address& ours) {
    return ours.port == wanted.port &&
           (covers(ours.host, wanted.host) || covers(wanted.host, ours.host));
  });
}

}  // namespace

bool shares_network(const config::haproxy_settings& settings, pid_t worker) {
  if (settings.mode == config::haproxy_mode::managed) return true;
  // In another process namespace the number may be somebody else's.
  if (!is_haproxy(worker, settings.binary)) return false;
  // What lies in a process's net/ is one file for all that share its network namespace, and may be
  // looked at by everybody; ns/net takes the right to trace that process, which few have.
  struct stat theirs {
  }, ours{};
  const auto there = "/proc/" + std::to_string(worker) + "/net/dev";
  return ::stat(there.c_str(), &theirs) == 0 && ::stat("/proc/self/net/dev", &ours) == 0 &&
         theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

std::vector<lost_bind> lost_binds(config::haproxy_mode mode,
                                  const std::vector<config::frontend_settings>& frontends,
                                  const std::string& loaded_head) {
  const bool ours_to_have = mode == config::haproxy_mode::managed;
  const auto loaded = binds_in(loaded_head);
  std::vector<lost_bind> lost;
  for (const auto& frontend : frontends) {
    for (const auto& bind : frontend.binds) {
      const base::tcp_address wanted{model::canonical_ip(bind.address).value_or(bind.address),
                                     bind.port};
      if (is_in_its_own_way(loaded, wanted)) continue;
      const auto free = base::reserve(wanted, base::any_ipv6::as_system);
      if (!free && (ours_to_have || free.error().kind != base::errc::refused))
        lost.push_back({frontend.name, free.error()});
    }
  }
  return lost;
}

}  // namespace switchyard::haproxy
