#pragma once

// A server as HAProxy has it, in one line that tests compare.

#include <string>
#include <string_view>

#include "haproxy/replies.hpp"

namespace switchyard::tests {

/// "address:port weight admin-state" of a server in a reply to `show servers state`; "" when it has
/// none of that name.
inline std::string server_in(std::string_view reply, std::string_view backend,
                             std::string_view name) {
  const auto view = haproxy::parse_servers_state(reply);
  if (!view) return "";
  const auto b = view->find(std::string(backend));
  if (b == view->end()) return "";
  const auto s = b->second.find(std::string(name));
  if (s == b->second.end()) return "";
  return s->second.address + ":" + std::to_string(s->second.port) + " " +
         std::to_string(s->second.weight) + " " + std::string(model::to_string(s->second.state));
}

}  // namespace switchyard::tests
