#pragma once

// Backends and settings that the tests of the configuration's text share, and the real HAProxy's
// opinion of a text.

#include <string>
#include <vector>

#include "base/subprocess.hpp"
#include "config/settings.hpp"
#include "haproxy/configuration.hpp"
#include "model/backend.hpp"

namespace switchyard::tests {

model::server make_server(std::string name, std::string address = "10.0.1.10",
                          std::uint16_t port = 8080);
model::backend make_backend(std::string name, std::size_t servers = 2);

/// Every combination of mode, balance, protocol, TLS, check, timeouts and persistence that can be
/// rendered, one backend each, with three servers.
std::vector<model::backend> all_kinds_of_backends();

/// Attached without a base file: a configuration that needs nothing from outside.
config::haproxy_settings settings_in(const std::string& folder);

/// A frontend of mode http with a bind of each form of address, and backend "api" by default.
config::frontend_settings gateway_frontend();

/// A rendered configuration of these backends.
haproxy::configuration configuration_of(
    const std::vector<model::backend>& backends, const config::haproxy_settings& settings,
    const std::vector<config::frontend_settings>& frontends = {});

/// `haproxy -c` of a text, behind a base file when one is given.
base::finished ask_haproxy(const std::string& text, const std::string& base_text = "");

}  // namespace switchyard::tests
