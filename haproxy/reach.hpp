#pragma once

// The ways to the worker that carries the traffic: its runtime socket, or its master's socket.
//
// The file of a runtime socket may vanish while HAProxy runs (a cleaned folder, a second HAProxy
// that has ended). No reload makes it anew, since a new worker inherits the listener of the one
// before it; only a restart does (2.6, 3.0, 3.2, 3.4). The master leads to its workers all the
// same. Threading: free functions. Every wait has a deadline.

#include <chrono>
#include <memory>
#include <string>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/conversation.hpp"
#include "haproxy/incumbent.hpp"
#include "haproxy/replies.hpp"

namespace switchyard::haproxy {

/// Where nothing but the master tells that HAProxy is there, it may be loading for as long as this,
/// and take no connections meanwhile.
constexpr std::chrono::milliseconds longest_loading{10'000};

/// `show proc` over the master socket. errc::unavailable, errc::timeout, errc::protocol.
base::outcome<master_process> show_proc(
    const std::string& master_socket,
    std::chrono::milliseconds longest = std::chrono::milliseconds(2'000));

/// `show info` over the runtime socket, on a connection of its own. Same errors.
base::outcome<process_info> show_info(
    const std::string& runtime_socket,
    std::chrono::milliseconds longest = std::chrono::milliseconds(2'000));

/// The same, through the master where nobody listens on the runtime socket and a master socket is
/// set.
base::outcome<process_info> show_info(
    const config::haproxy_settings& settings,
    std::chrono::milliseconds longest = std::chrono::milliseconds(2'000));

/// Whether the conversation may change anything, by `show cli level`. errc::refused, with the
/// remedy: its level is not admin. `where`: how the operator knows the socket.
base::status require_admin(conversation& session, const std::string& where);

struct way {
  std::unique_ptr<haproxy::conversation> conversation;
  std::string detour;  ///< why it leads through the master; "" when it does not
};

/// A fresh conversation with the worker. Errors are those of the runtime socket, with what stopped
/// the way through the master; errc::conflict: the master that answers is not the one that is known
/// (same_master()), and nobody behind it gets a command.
base::outcome<way> reach_worker(const config::haproxy_settings& settings, const incumbent& known);

}  // namespace switchyard::haproxy
