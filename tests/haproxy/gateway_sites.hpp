#pragma once

// Sites and values that several tests of the gateway share.

#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/pidfd.hpp"
#include "tests/haproxy/gateway_site.hpp"

namespace switchyard::tests {

/// A server of local_server() in `show servers state`.
inline constexpr const char* ready = "127.0.0.1:1 100 ready";
/// When the gateway reads back, and when it saves.
inline constexpr std::chrono::milliseconds read_after{25};
inline constexpr std::chrono::milliseconds saved_after{250};
inline constexpr const char* drift = "web/s2 is not as desired";

inline model::server limited(std::string name, std::uint32_t maxconn) {
  auto s = local_server(std::move(name));
  s.maxconn = maxconn;
  return s;
}

inline model::server backup(std::string name) {
  auto s = local_server(std::move(name));
  s.backup = true;
  return s;
}

/// With settings that no other backend has: it takes a reload on every HAProxy.
inline model::backend of_its_own_kind(model::backend b) {
  b.settings.balance = model::balance_algorithm::leastconn;
  return b;
}

inline haproxy::backend_change change(const model::backend& b) {
  return {b.name, std::make_shared<const model::backend>(b)};
}

/// The settings with a second frontend, on this port.
inline haproxy::gateway_settings with_second_frontend(haproxy::gateway_settings settings,
                                                      std::uint16_t port) {
  auto second = settings.frontends.front();
  second.name = "second";
  second.binds.front().port = port;
  settings.frontends.push_back(second);
  return settings;
}

/// Some backends, while a provider has not reported yet.
inline haproxy::apply_request part(std::vector<haproxy::backend_change> changes) {
  haproxy::apply_request request;
  request.changes = std::move(changes);
  return request;
}

/// Everything, when all have.
inline haproxy::apply_request whole(std::vector<haproxy::backend_change> changes) {
  auto request = part(std::move(changes));
  request.full = true;
  request.complete = true;
  return request;
}

/// An earlier run left the backends "web" (s1, s2) and "old" (o1); this one knows nothing yet.
struct second_run : gateway_site {
  second_run() {
    begin({web_site::web(), backend_of("old", {local_server("o1")})});
    restart_gateway();
    worker = worker_pid();
  }
  bool line_in_file(std::string_view name) const {
    return file_has("    server " + std::string(name) + " ");
  }
  pid_t worker = 0;
};

/// The master's sockets close a moment before it counts as ended.
inline void kill_master(const gateway_site& site) {
  const auto master = haproxy::open_pidfd(site.processes().master);
  BOOST_REQUIRE(haproxy::signal_pidfd(master.get(), SIGKILL));
  const auto ended = base::wait_readable(master.get(), base::deadline(std::chrono::seconds(5)));
  BOOST_REQUIRE((ended && *ended));
  BOOST_REQUIRE(eventually([&] { return site.worker_pid() == 0; }));
}

/// A frontend whose port somebody else has passes `haproxy -c`, and no start.
struct managed_site : gateway_site {
  managed_site() : gateway_site({.managed = true}) {
    begin({web_site::web()});
    settle();
    taken = std::make_unique<http_upstream>("somebody else");
    more = with_second_frontend(settings, taken->port());
  }
  void kill_haproxy() const { kill_master(*this); }
  void tick_when_due() {
    now = std::max(now, gateway().next_work().value_or(now));
    tick();
  }

  std::unique_ptr<http_upstream> taken;
  haproxy::gateway_settings more;
};

/// A site where s2 follows a server of the operator's: while that one is in maintenance, HAProxy
/// says that it enables s2, and does not.
struct stubborn_site : gateway_site {
  stubborn_site() {
    write_text(*settings.haproxy.base_file,
               read_text(*settings.haproxy.base_file) +
                   "backend own\n    timeout connect 1s\n    timeout server 1s\n"
                   "    server lead 127.0.0.1:1 check\n");
    begin({web_site::web()});
    command("set server web/s2 state maint");
    command("del server web/s2");
    const auto added = command("add server web/s2 127.0.0.1:1 weight 100 track own/lead");
    BOOST_REQUIRE_MESSAGE(added.find("New server registered") != std::string::npos, added);
    reconcile();
    BOOST_REQUIRE(server("web", "s2") == ready);
  }
  void make_stubborn() const { command("set server own/lead state maint"); }
  void mend() const { command("set server own/lead state ready"); }
};

}  // namespace switchyard::tests
