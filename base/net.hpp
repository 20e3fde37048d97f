#pragma once

// TCP addresses of our own: reading them, and finding out whether they are free.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/outcome.hpp"

namespace switchyard::base {

struct tcp_address {
  std::string host;  ///< an IP literal without brackets, or "*" for every IPv4 address
  std::uint16_t port = 0;

  bool operator==(const tcp_address&) const = default;
};

/// "127.0.0.1:9090", "[::1]:9090" or "*:80". errc::invalid says what is expected.
outcome<tcp_address> parse_address(std::string_view text);

/// "127.0.0.1:9090" or "[::1]:9090".
std::string to_string(const tcp_address& address);

/// What "::" stands for.
enum class any_ipv6 {
  alone,      ///< every IPv6 address
  as_system,  ///< IPv4 as well, unless net.ipv6.bindv6only says otherwise: as most programs bind it
};

/// Binds the address without listening on it: connections are refused, and nobody else gets it as
/// long as the descriptor lives. errc::conflict: somebody has it already; errc::refused: not
/// permitted; errc::unavailable: no such address on this machine; errc::invalid: no IP literal.
outcome<unique_fd> reserve(const tcp_address& address, any_ipv6 any = any_ipv6::alone);

/// What an operator can do where reserve() has failed in that way.
std::string bind_remedy(errc kind);

}  // namespace switchyard::base
