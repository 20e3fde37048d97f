#pragma once

// Where a Redis is and who we are there, from the URL of the settings. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::providers::redis {

struct endpoint {
  std::string host{};  ///< a name or an IP literal without brackets; "" when `path` is used
  std::uint16_t port = 6379;
  std::string path{};  ///< a Unix socket
  bool tls = false;

  bool operator==(const endpoint&) const = default;
};

struct location {
  endpoint at;  ///< without host and path when the URL names none, as with Sentinel
  std::string username;
  std::optional<std::string> password;
  std::uint32_t database = 0;

  bool operator==(const location&) const = default;
};

/// Why a Redis Cluster is refused and what to use, after words that say what was recognised.
inline constexpr std::string_view cluster_advice =
    "where keys and their events are spread over nodes, which switchyard does not follow; use a "
    "Redis of its own, with Sentinel if it is to be highly available";

/// `redis://[[user][:password]@][host][:port][/database]`, `rediss://…` for TLS, or
/// `unix://[[user][:password]@]/path[?db=number]`. User, password and path are percent-decoded.
/// errc::invalid, also for what names a cluster; the message repeats nothing of the text, which may
/// hold a password.
base::outcome<location> parse_url(std::string_view text);

/// "host:port", "[::1]:26379" or "host" (port 26379): a sentinel. errc::invalid.
base::outcome<endpoint> parse_sentinel(std::string_view text);

/// "127.0.0.1:6379", "[::1]:6379" or the path of the socket.
std::string to_string(const endpoint& at);

}  // namespace switchyard::providers::redis
