// Which reply to a command means success: the table that check_reply() reads.

#include "haproxy/commands.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::status;

bool take(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

/// `WHAT changed from 'A' to 'B'`.
bool take_change(std::string_view& text, std::string_view what) {
  auto rest = text;
  if (!take(rest, what) || !take(rest, " changed from '")) return false;
  const auto from_ends = rest.find('\'');
  if (from_ends == std::string_view::npos) return false;
  rest.remove_prefix(from_ends);
  if (!take(rest, "' to '")) return false;
  const auto to_ends = rest.find('\'');
  if (to_ends == std::string_view::npos) return false;
  text = rest.substr(to_ends + 1);
  return true;
}

/// 2.6 says both halves ("no need to change the addr, port changed from …"); 3.x names what
/// changed, or says "nothing changed" (src/server.c, server_set_inetaddr).
bool address_taken(std::string_view reply) {
  if (reply == "nothing changed") return true;
  const bool address = take(reply, "no need to change the addr") || take_change(reply, "IP");
  if (address) take(reply, ", ");
  const bool port = take(reply, "no need to change the port") || take_change(reply, "port");
  return (address || port) && (reply.empty() || reply == " by 'stats socket command'");
}

bool means_success(command_kind kind, std::string_view reply) {
  switch (kind) {
    case command_kind::add_server:
      return reply == "New server registered.";
    case command_kind::del_server:
      return reply == "Server deleted.";
    case command_kind::set_address:
      return address_taken(reply);
    case command_kind::enable_server:
    case command_kind::enable_health:
    case command_kind::set_weight:
    case command_kind::set_state:
    case command_kind::set_maxconn:
    case command_kind::add_map:
    case command_kind::set_map:
    case command_kind::del_map:
    case command_kind::commit_map:
      return reply.empty();
    case command_kind::add_backend:
      return reply == "New backend registered.";
    case command_kind::publish_backend:
      return reply == "Backend published.";
    case command_kind::unpublish_backend:
      return reply == "Backend unpublished.";
    case command_kind::del_backend:
      // What HAProxy had to say of the backend's servers before may come along.
      return reply == "Backend deleted." || reply.ends_with("\nBackend deleted.");
  }
  return false;
}

}  // namespace

status check_reply(command_kind kind, std::string_view reply) {
  if (means_success(kind, reply)) return {};
  return error{errc::refused, reply.empty() ? "an empty reply, where HAProxy confirms with a text"
                                            : std::string(reply)};
}

}  // namespace switchyard::haproxy
