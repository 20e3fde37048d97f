#pragma once

// Addresses of frontends: which of them HAProxy has yet to bind, and whether it could.
//
// A configuration that passes `haproxy -c` and then cannot bind makes every listener refuse for
// about two seconds (measured on 2.6), so new addresses are tried first. Threading: free functions.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "config/settings.hpp"

namespace switchyard::haproxy {

/// Whether addresses that are free for us are free for HAProxy: it runs in our network namespace.
/// `worker`: its process id, as it tells it; not looked at in managed mode. Takes no permission on
/// that process.
bool shares_network(const config::haproxy_settings& settings, pid_t worker);

/// A bind that cannot be had; the error names the address, its kind says why (base/net.hpp).
struct lost_bind {
  std::string frontend;
  base::error why;
};

/// Tries the frontends' addresses, as HAProxy would bind them: "::" with IPv4 where the system has
/// it so. Left out are those that HAProxy has itself by the head of the file that it has loaded
/// ("": none): the same address and port, or one of them within the other ("*" is every IPv4
/// address, "::" every address); and in attached mode those for which we lack the permission alone:
/// HAProxy is started as root where it is to have low ports.
std::vector<lost_bind> lost_binds(config::haproxy_mode mode,
                                  const std::vector<config::frontend_settings>& frontends,
                                  const std::string& loaded_head);

}  // namespace switchyard::haproxy
