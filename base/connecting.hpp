#pragma once

// Reaching a peer by host name over TCP, where nothing waits past its deadline: not a name server
// that is silent, not one address of several that swallows what is sent to it.
//
// Threading: free functions, from any thread.

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"

namespace switchyard::base {

struct socket_address {
  sockaddr_storage value{};
  socklen_t length = 0;
};
using socket_addresses = std::vector<socket_address>;

/// What getaddrinfo(3) knows of a host, the address to be preferred first. Blocks for as long as
/// the system's resolver takes. errc::unavailable.
outcome<socket_addresses> look_up(const std::string& host, std::uint16_t port);

/// Runs a look-up that blocks, and comes back when it has ended, `interrupt` (may be null) was
/// notified, or the deadline has passed. A look-up that was left goes on in a thread of its own
/// until it ends: it must own all that it uses. errc::unavailable: interrupted; errc::timeout;
/// errc::io: there is no thread or descriptor left; else what the look-up gives.
outcome<socket_addresses> await_look_up(std::function<outcome<socket_addresses>()> look_up,
                                        const wakeup* interrupt, const deadline& until);

/// The first of the addresses (at least one) that takes a connection, as a socket that does not
/// block. Each of them gets its share of the time that is left. errc::unavailable: none does, or
/// `interrupt` (may be null) was notified; errc::timeout.
outcome<unique_fd> connect_any(const socket_addresses& to, const wakeup* interrupt,
                               const deadline& until);

/// Waits until `fd` has one of `events` (poll(2)). errc::timeout; errc::unavailable: `interrupt`
/// (may be null) was notified; errc::io.
status await_ready(int fd, short events, const wakeup* interrupt, const deadline& until);

/// One address of any family. errc::unavailable, errc::timeout.
outcome<unique_fd> connect_to(const sockaddr* address, socklen_t length, const wakeup* interrupt,
                              const deadline& until);

}  // namespace switchyard::base
