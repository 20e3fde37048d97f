#pragma once

// The runtime commands that switchyard uses, each with the reply that means success.
//
// The only place where a command line is put together. Every argument passes one encoder that
// refuses what could end the argument or start a second command (space, `;`, newline, `<<`, `\`,
// quotes, control characters, anything that is not ASCII). Facts: on HAProxy 2.6 a newline or `;`
// starts a second command and `<<` opens a payload. Pure. Threading: none.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

enum class command_kind {
  add_server,
  enable_server,
  enable_health,
  set_address,
  set_weight,
  set_state,
  set_maxconn,
  del_server,
  add_map,
  set_map,
  del_map,
  commit_map,
  add_backend,
  publish_backend,
  unpublish_backend,
  del_backend,
};

/// The kind as logs and metrics name it: "add server".
std::string_view to_string(command_kind kind);

/// One command, ready to be sent.
struct command {
  command_kind kind = command_kind::set_state;
  std::string line;  ///< without the newline

  bool operator==(const command&) const = default;
};

/// One argument of a runtime command. errc::invalid: it holds what must not reach HAProxy, is
/// empty, or is longer than 1,536 bytes.
base::outcome<std::string> argument(std::string_view value);

/// `add server B/S A:P …` with all of the backend's effective options, since default-server is
/// ignored here. The server starts in maintenance with its checks off: enable_server and
/// enable_health follow. `options` is server_options(...) of haproxy/renderer.hpp.
base::outcome<command> add_server(std::string_view backend, const model::server& server,
                                  std::string_view options);
base::outcome<command> enable_server(std::string_view backend, std::string_view server);
base::outcome<command> enable_health(std::string_view backend, std::string_view server);
base::outcome<command> set_address(std::string_view backend, std::string_view server,
                                   std::string_view address, std::uint16_t port);
base::outcome<command> set_weight(std::string_view backend, std::string_view server,
                                  std::uint16_t weight);
base::outcome<command> set_state(std::string_view backend, std::string_view server,
                                 model::server_state state);
base::outcome<command> set_maxconn(std::string_view backend, std::string_view server,
                                   std::uint32_t maxconn);
base::outcome<command> del_server(std::string_view backend, std::string_view server);

/// The key of a map's entry: an argument without `#` at its beginning, which would name another
/// entry by its address in HAProxy's memory (management guide, "set map"), and which makes a line
/// of the map's file a comment. errc::invalid.
base::outcome<std::string> map_key(std::string_view key);

/// Entries of a map, which is named by the path of its file. `version` is a number that
/// `prepare map` gave; "" changes the map as it is used now. `set map` changes all entries of that
/// key. commit_map() puts a version in the place of the map in one step.
base::outcome<command> add_map(std::string_view map, std::string_view key, std::string_view value,
                               std::string_view version = "");
base::outcome<command> set_map(std::string_view map, std::string_view key, std::string_view value);
base::outcome<command> del_map(std::string_view map, std::string_view key);
base::outcome<command> commit_map(std::string_view map, std::string_view version);

/// HAProxy 3.4 and later. A new backend has the settings of a `defaults` section that the process
/// was loaded with, has no server, and takes no traffic until it is published. One can be deleted
/// when it is not published, has no server, and no rule of the configuration names it.
base::outcome<command> add_backend(std::string_view backend, std::string_view profile);
base::outcome<command> publish_backend(std::string_view backend);
base::outcome<command> unpublish_backend(std::string_view backend);
base::outcome<command> del_backend(std::string_view backend);

/// Whether `reply` (trimmed) means that the command succeeded. errc::refused holds the reply; a
/// reply that the table does not know is never success.
base::status check_reply(command_kind kind, std::string_view reply);

}  // namespace switchyard::haproxy
