#include "providers/redis/keys.hpp"

#include <algorithm>

#include "model/backend.hpp"
#include "model/json_reader.hpp"

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;

constexpr std::size_t longest_plain = 512;

error bad_name(std::string_view what, std::string_view name) {
  return {errc::invalid, std::string(what) +
                             " must be 1 to 128 of the characters A-Z a-z 0-9 _ . : -, not " +
                             model::quoted(name)};
}

base::outcome<key_name> parse_backend(std::string_view name) {
  if (!model::valid_name(name)) return bad_name("the backend's name", name);
  if (name.find(':') != std::string_view::npos)
    return error{errc::invalid,
                 "the name of a backend in Redis must not have a colon: the keys of its servers "
                 "would name the backend " +
                     model::quoted(name.substr(0, name.find(':')))};
  return key_name{key_kind::backend, std::string(name), "", "", ""};
}

base::outcome<key_name> parse_server(std::string_view rest) {
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos)
    return error{errc::invalid, "names no server: write server:BACKEND:SERVER"};
  const auto backend = rest.substr(0, colon);
  const auto server = rest.substr(colon + 1);
  if (!model::valid_name(backend)) return bad_name("the backend's name", backend);
  if (!model::valid_name(server)) return bad_name("the server's name", server);
  return key_name{key_kind::server, std::string(backend), std::string(server), "", ""};
}

base::outcome<key_name> parse_route(std::string_view rest) {
  if (rest.empty())
    return error{errc::invalid,
                 "names neither host nor path: write route:HOST/PATH, or route:/ for any"};
  const auto slash = rest.find('/');
  const auto host = rest.substr(0, slash);
  const auto path = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
  return key_name{key_kind::route, "", "", std::string(host), std::string(path)};
}

}  // namespace

base::outcome<key_name> parse_key(std::string_view key) {
  const auto colon = key.find(':');
  const auto kind = key.substr(0, colon);
  const auto rest = colon == std::string_view::npos ? std::string_view() : key.substr(colon + 1);
  if (kind == "backend") return parse_backend(rest);
  if (kind == "server") return parse_server(rest);
  if (kind == "route") return parse_route(rest);
  return error{errc::invalid,
               "nothing that switchyard reads: after the prefix must follow backend:, server: or "
               "route:"};
}

std::string pattern_of_prefix(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("*?[]\\^-").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern + '*';
}

std::string event_channel(std::uint32_t database, std::string_view prefix) {
  return "__keyspace@" + std::to_string(database) + "__:" + std::string(prefix);
}

std::string shown_key(std::string_view key) {
  const bool plain = key.size() <= longest_plain && std::ranges::all_of(key, [](char c) {
                       return c > ' ' && c < 0x7f && c != '"' && c != '\\';
                     });
  return plain ? std::string(key) : model::quoted(key);
}

}  // namespace switchyard::providers::redis
