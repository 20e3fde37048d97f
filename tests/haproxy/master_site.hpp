#pragma once

// What the tests of haproxy::reload() share: settings for a real HAProxy, and what it can do.

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "haproxy/capabilities.hpp"
#include "haproxy/master.hpp"
#include "tests/support/haproxy_server.hpp"

namespace switchyard::tests {

/// A frontend and its backend with one server.
inline std::string site(std::uint16_t port, std::uint16_t upstream) {
  return haproxy_site(port, "web", "    server s1 127.0.0.1:" + std::to_string(upstream));
}

/// Settings that reload it through its master.
inline config::haproxy_settings by_master(const haproxy_server& server) {
  config::haproxy_settings settings;
  settings.binary = haproxy_binary();
  settings.config_file = server.config_file();
  settings.runtime_socket = server.runtime_socket();
  settings.master_socket = server.master_socket();
  return settings;
}

/// And by a signal.
inline config::haproxy_settings by_pid_file(const haproxy_server& server,
                                            const std::string& pid_file) {
  auto settings = by_master(server);
  settings.master_socket.reset();
  settings.pid_file = pid_file;
  return settings;
}

/// What the HAProxy under test can do.
inline haproxy::capabilities abilities(const haproxy_server& server) {
  const auto info = haproxy::show_info(server.runtime_socket());
  BOOST_REQUIRE(bool(info));
  const auto can = haproxy::detect(info->version, server.command("help"));
  BOOST_REQUIRE(bool(can));
  return *can;
}

/// An error of that kind, with these words.
inline void check_error(const base::outcome<haproxy::reload_result>& result, base::errc kind,
                        const std::string& words) {
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == kind), result.error().message);
  BOOST_TEST(result.error().message.find(words) != std::string::npos, result.error().message);
}

}  // namespace switchyard::tests
