#pragma once

// The server-state file: what a reload must not forget of servers that checks have found down.
//
// HAProxy reads it when it starts and begins with those servers down, until their checks succeed.
// It holds them only while a reload is under way: a HAProxy that starts later asks the servers
// itself.

#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/configuration.hpp"

namespace switchyard::haproxy {

/// Where it lies: "haproxy.cfg" → "haproxy.servers.state" beside it.
std::string server_state_beside(const std::string& config_file);

/// A file that tells of no server; HAProxy warns when there is none at all.
inline constexpr std::string_view no_server_state = "1\n";

/// The file for an HAProxy that is to be loaded with `next`: of `show servers state` the servers
/// that are down and in no administrative state, and that `next` has at the same address; all else
/// of them is in the configuration. Pure. errc::protocol: not a table of version 1.
base::outcome<std::string> down_servers(std::string_view reply, const configuration& next);

/// Whether HAProxy is told to read ours: not when the operator's base_file names one of its own.
/// Reads that file.
bool server_state_is_ours(const config::haproxy_settings& settings);

}  // namespace switchyard::haproxy
