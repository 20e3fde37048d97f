#pragma once

// Settings for a managed HAProxy in a temporary folder, for the tests of haproxy::process.

#include <sys/types.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdint>
#include <string>

#include "config/settings.hpp"
#include "haproxy/reach.hpp"
#include "tests/support/haproxy_server.hpp"

namespace switchyard::tests {

/// The settings, and an end to whatever master runs there.
struct managed_haproxy {
  managed_haproxy() {
    settings.binary = haproxy_binary();
    settings.config_file = folder / "haproxy.cfg";
    settings.runtime_socket = folder / "run/deep/run.sock";
    settings.master_socket = folder / "run/deep/master.sock";
    configure(
        haproxy_site(port, "web", "    server s1 127.0.0.1:" + std::to_string(upstream.port())));
  }
  ~managed_haproxy() {
    if (const auto proc = haproxy::show_proc(*settings.master_socket)) {
      ::kill(proc->master, SIGTERM);
      eventually([&] { return ::kill(proc->master, 0) != 0 || ended(proc->master); });
    }
  }
  managed_haproxy(const managed_haproxy&) = delete;
  managed_haproxy& operator=(const managed_haproxy&) = delete;

  void configure(const std::string& sections) const {
    write_text(settings.config_file, haproxy_head(settings.runtime_socket) + sections);
  }
  /// Gone, or dead and not reaped by whoever should.
  static bool ended(pid_t pid) {
    const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    return stat.empty() || stat.find(") Z ") != std::string::npos;
  }
  bool serves() const { return http_get(port).status == 200; }
  pid_t worker() const {
    const auto info = haproxy::show_info(settings.runtime_socket);
    return info ? info->pid : 0;
  }

  temp_dir folder;
  http_upstream upstream{"up"};
  std::uint16_t port = free_port();
  config::haproxy_settings settings;
};

inline void require_ok(const base::status& s) {
  BOOST_REQUIRE_MESSAGE(bool(s), (s ? "" : s.error().message));
}

}  // namespace switchyard::tests
