#pragma once

// The names of keys: what each one is about, and how patterns and channels are made of them. Pure.
//
// Behind the prefix stand
//   backend:<backend>            settings
//   server:<backend>:<server>    one server
//   route:<host><path>           the backend that host and path lead to
// The backend of a server's key ends at the first colon; a server's name may have colons itself, as
// in server:api:10.0.0.1:8080. A backend whose name has one could not be told apart there, so that
// such a name is refused in both kinds of keys.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::providers::redis {

enum class key_kind { backend, server, route };

struct key_name {
  key_kind kind = key_kind::backend;
  std::string backend;  ///< of backend and server
  std::string server;   ///< of server
  std::string host;     ///< of route, as written
  std::string path;     ///< of route, as written; "/" when the key has none

  bool operator==(const key_name&) const = default;
};

/// `key` without the prefix. errc::invalid: why it names nothing, and what would.
base::outcome<key_name> parse_key(std::string_view key);

/// A pattern for SCAN and PSUBSCRIBE that matches what begins with `text` (Redis' glob style, in
/// which a backslash takes a character as it is).
std::string pattern_of_prefix(std::string_view text);

/// What keyspace events of keys with this prefix are published on.
std::string event_channel(std::uint32_t database, std::string_view prefix);

/// A key as operators see it: quoted where it holds what could be misread.
std::string shown_key(std::string_view key);

}  // namespace switchyard::providers::redis
