#include "haproxy/commands.hpp"

#include <algorithm>
#include <cstddef>

#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;

constexpr std::size_t longest_argument = 1536;  // the key of the longest route has 1278 bytes
constexpr std::size_t longest_line = 16'000;  // tune.bufsize is 16384; past it 2.6 resets silently
constexpr std::size_t most_words =
    60;  // HAProxy 2.6 and 3.0 drop what is past 64 and report success

/// Why `c` may not stand in an argument; nullptr when it may. Quotes are no quotes for this command
/// line, so a value that needs them cannot be said here.
const char* hostile(char c) {
  if (c == ' ') return "a space";
  if (c == ';') return "a semicolon";
  if (c == '\\') return "a backslash";
  if (c == '"' || c == '\'') return "a quote";
  if (c == '\n' || c == '\r') return "a line break";
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "a control character";
  if (static_cast<unsigned char>(c) >= 0x80) return "a character outside ASCII";
  return nullptr;
}

error not_sendable(const std::string& what, std::string_view why) {
  return {errc::invalid,
          what + " holds " + std::string(why) + ", which HAProxy's runtime API cannot take"};
}

/// Checks one or more words that are separated by single spaces.
status check_words(std::string_view words, const std::string& what) {
  for (const char c : words)
    if (const auto* why = hostile(c); why != nullptr && c != ' ') return not_sendable(what, why);
  if (words.find("<<") != std::string_view::npos) return not_sendable(what, "\"<<\"");
  return {};
}

outcome<std::string> name_of(std::string_view name, const std::string& what) {
  if (!model::valid_name(name))
    return error{errc::invalid, what + " name " + printable(name) +
                                    " is not made of 1 to 128 of A-Z a-z 0-9 _ . : -"};
  return argument(name);
}

/// "BACKEND/SERVER".
outcome<std::string> target(std::string_view backend, std::string_view server) {
  auto b = name_of(backend, "backend");
  if (!b) return b;
  auto s = name_of(server, "server");
  if (!s) return s;
  return *b + "/" + *s;
}

status check_weight(std::uint16_t weight) {
  if (weight > model::max_weight)
    return error{errc::invalid, "weight " + std::to_string(weight) + " is above 256"};
  return {};
}

/// `before` BACKEND/SERVER `after`.
outcome<command> line_of(command_kind kind, std::string_view before, std::string_view backend,
                         std::string_view server, const std::string& after) {
  const auto t = target(backend, server);
  if (!t) return t.error();
  return command{kind, std::string(before) + *t + after};
}

/// KIND BACKEND `after`.
outcome<command> backend_command(command_kind kind, std::string_view backend,
                                 const std::string& after = "") {
  const auto name = name_of(backend, "backend");
  if (!name) return name.error();
  return command{kind, std::string(to_string(kind)) + " " + *name + after};
}

/// Everything after `add server B/S`.
outcome<std::string> new_server_words(const model::server& server, std::string_view options) {
  if (const auto ok = check_server_address(server.address, server.port); !ok) return ok.error();
  if (const auto ok = check_weight(server.weight); !ok) return ok.error();
  if (const auto ok = check_words(options, "the server options"); !ok) return ok.error();
  const bool v6 = server.address.find(':') != std::string::npos;
  auto words = (v6 ? " [" + server.address + "]:" : " " + server.address + ":") +
               std::to_string(server.port) + " weight " + std::to_string(server.weight);
  if (server.maxconn != 0) words += " maxconn " + std::to_string(server.maxconn);
  if (server.backup) words += " backup";
  if (!options.empty()) words.append(" ").append(options);
  return words;
}

/// KIND WORD WORD …
outcome<command> map_command(command_kind kind, std::initializer_list<std::string_view> words) {
  command made{kind, std::string(to_string(kind))};
  for (const auto word : words) {
    const auto safe = argument(word);
    if (!safe) return safe.error();
    (made.line += ' ') += *safe;
  }
  return made;
}

}  // namespace

std::string_view to_string(command_kind kind) {
  switch (kind) {
    case command_kind::add_server:
      return "add server";
    case command_kind::enable_server:
      return "enable server";
    case command_kind::enable_health:
      return "enable health";
    case command_kind::set_address:
      return "set server addr";
    case command_kind::set_weight:
      return "set server weight";
    case command_kind::set_state:
      return "set server state";
    case command_kind::set_maxconn:
      return "set maxconn server";
    case command_kind::del_server:
      return "del server";
    case command_kind::add_map:
      return "add map";
    case command_kind::set_map:
      return "set map";
    case command_kind::del_map:
      return "del map";
    case command_kind::commit_map:
      return "commit map";
    case command_kind::add_backend:
      return "add backend";
    case command_kind::publish_backend:
      return "publish backend";
    case command_kind::unpublish_backend:
      return "unpublish backend";
    case command_kind::del_backend:
      return "del backend";
  }
  return "unknown";
}

outcome<std::string> argument(std::string_view value) {
  if (value.empty()) return error{errc::invalid, "an argument of a runtime command is empty"};
  if (value.size() > longest_argument)
    return error{errc::invalid, "an argument of a runtime command is longer than 1536 bytes"};
  if (value.find(' ') != std::string_view::npos) return not_sendable("the argument", "a space");
  if (const auto ok = check_words(value, "the argument"); !ok) return ok.error();
  return std::string(value);
}

outcome<command> add_server(std::string_view backend, const model::server& server,
                            std::string_view options) {
  const auto words = new_server_words(server, options);
  if (!words)
    return error{words.error().kind,
                 "server " + printable(server.name) + ": " + words.error().message};
  auto made = line_of(command_kind::add_server, "add server ", backend, server.name, *words);
  if (!made) return made;
  if (made->line.size() > longest_line ||
      std::count(made->line.begin(), made->line.end(), ' ') >= std::ptrdiff_t{most_words})
    return error{errc::invalid,
                 "server " + server.name + ": more options than one runtime command can carry"};
  return made;
}

outcome<command> enable_server(std::string_view backend, std::string_view server) {
  return line_of(command_kind::enable_server, "enable server ", backend, server, "");
}

outcome<command> enable_health(std::string_view backend, std::string_view server) {
  return line_of(command_kind::enable_health, "enable health ", backend, server, "");
}

outcome<command> set_address(std::string_view backend, std::string_view server,
                             std::string_view address, std::uint16_t port) {
  if (const auto ok = check_server_address(address, port); !ok) return ok.error();
  // IPv6 without brackets, as HAProxy prints it; `add server` is the one that needs them.
  return line_of(command_kind::set_address, "set server ", backend, server,
                 " addr " + std::string(address) + " port " + std::to_string(port));
}

outcome<command> set_weight(std::string_view backend, std::string_view server,
                            std::uint16_t weight) {
  if (const auto ok = check_weight(weight); !ok) return ok.error();
  return line_of(command_kind::set_weight, "set server ", backend, server,
                 " weight " + std::to_string(weight));
}

outcome<command> set_state(std::string_view backend, std::string_view server,
                           model::server_state state) {
  return line_of(command_kind::set_state, "set server ", backend, server,
                 " state " + std::string(model::to_string(state)));
}

outcome<command> set_maxconn(std::string_view backend, std::string_view server,
                             std::uint32_t maxconn) {
  return line_of(command_kind::set_maxconn, "set maxconn server ", backend, server,
                 " " + std::to_string(maxconn));
}

outcome<command> del_server(std::string_view backend, std::string_view server) {
  return line_of(command_kind::del_server, "del server ", backend, server, "");
}

outcome<std::string> map_key(std::string_view key) {
  if (key.starts_with('#'))
    return error{errc::invalid, "the key " + printable(key) + " begins with #"};
  return argument(key);
}

outcome<command> add_map(std::string_view map, std::string_view key, std::string_view value,
                         std::string_view version) {
  if (const auto ok = map_key(key); !ok) return ok.error();
  if (version.empty()) return map_command(command_kind::add_map, {map, key, value});
  return map_command(command_kind::add_map, {"@" + std::string(version), map, key, value});
}

outcome<command> set_map(std::string_view map, std::string_view key, std::string_view value) {
  if (const auto ok = map_key(key); !ok) return ok.error();
  return map_command(command_kind::set_map, {map, key, value});
}

outcome<command> del_map(std::string_view map, std::string_view key) {
  if (const auto ok = map_key(key); !ok) return ok.error();
  return map_command(command_kind::del_map, {map, key});
}

outcome<command> commit_map(std::string_view map, std::string_view version) {
  return map_command(command_kind::commit_map, {"@" + std::string(version), map});
}

outcome<command> add_backend(std::string_view backend, std::string_view profile) {
  const auto from = name_of(profile, "profile");
  if (!from) return from.error();
  return backend_command(command_kind::add_backend, backend, " from " + *from);
}

outcome<command> publish_backend(std::string_view backend) {
  return backend_command(command_kind::publish_backend, backend);
}

outcome<command> unpublish_backend(std::string_view backend) {
  return backend_command(command_kind::unpublish_backend, backend);
}

outcome<command> del_backend(std::string_view backend) {
  return backend_command(command_kind::del_backend, backend);
}

}  // namespace switchyard::haproxy
