// Every runtime command with hostile arguments: it is refused, or it is one command of exactly the
// words that were meant.

#include "haproxy/commands.hpp"
#include "tests/fuzz/hostile.hpp"
#include "tests/fuzz/oracle.hpp"

namespace {

using namespace switchyard;
using base::outcome;
using fuzz::provider;
using fuzz::words;
using haproxy::command;
using haproxy::command_kind;
using std::to_string;

void require_as_meant(const outcome<command>& made, command_kind kind, const words& meant) {
  if (!made) {
    fuzz::require(made.error().kind == base::errc::invalid && !made.error().message.empty(),
                  "a refusal says why", made.error().message);
    return;
  }
  fuzz::require(made->kind == kind, "a command is of the kind that was asked for", made->line);
  fuzz::require_command(made->line, meant);
}

/// HAProxy splits BACKEND/SERVER at its slash.
std::string target_of(const std::string& backend, const std::string& server,
                      const outcome<command>& made) {
  const auto target = backend + "/" + server;
  const bool two_names =
      !backend.empty() && !server.empty() && target.find('/') == target.rfind('/');
  if (made) fuzz::require(two_names, "a target is one backend and one server", target);
  return target;
}

std::string place_of(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]:" : address + ":") + to_string(port);
}

void new_server(provider& from) {
  const auto backend = fuzz::text(from, "web");
  const auto server = fuzz::server(from, "s1");
  const auto options = fuzz::text(from, "check inter 2s rise 2 fall 3");
  const auto made = haproxy::add_server(backend, server, options);
  words meant{"add",
              "server",
              target_of(backend, server.name, made),
              place_of(server.address, server.port),
              "weight",
              to_string(server.weight)};
  if (server.maxconn != 0) meant.insert(meant.end(), {"maxconn", to_string(server.maxconn)});
  if (server.backup) meant.emplace_back("backup");
  for (auto& word : fuzz::split(options)) meant.push_back(std::move(word));
  require_as_meant(made, command_kind::add_server, meant);
}

void known_server(provider& from) {
  const auto b = fuzz::text(from, "web");
  const auto wanted = fuzz::server(from, "s1");
  const auto& s = wanted.name;
  const auto check = [&](const outcome<command>& made, command_kind kind, words start,
                         const words& end) {
    start.push_back(target_of(b, s, made));
    start.insert(start.end(), end.begin(), end.end());
    require_as_meant(made, kind, start);
  };
  using enum command_kind;
  check(haproxy::enable_server(b, s), enable_server, {"enable", "server"}, {});
  check(haproxy::enable_health(b, s), enable_health, {"enable", "health"}, {});
  check(haproxy::del_server(b, s), del_server, {"del", "server"}, {});
  check(haproxy::set_address(b, s, wanted.address, wanted.port), set_address, {"set", "server"},
        {"addr", wanted.address, "port", to_string(wanted.port)});
  check(haproxy::set_weight(b, s, wanted.weight), set_weight, {"set", "server"},
        {"weight", to_string(wanted.weight)});
  check(haproxy::set_state(b, s, wanted.state), set_state, {"set", "server"},
        {"state", std::string(model::to_string(wanted.state))});
  check(haproxy::set_maxconn(b, s, wanted.maxconn), set_maxconn, {"set", "maxconn", "server"},
        {to_string(wanted.maxconn)});
}

void backends(provider& from) {
  const auto b = fuzz::text(from, "web");
  const auto profile = fuzz::text(from, "switchyard-0123456789abcdef");
  using enum command_kind;
  require_as_meant(haproxy::add_backend(b, profile), add_backend,
                   {"add", "backend", b, "from", profile});
  require_as_meant(haproxy::publish_backend(b), publish_backend, {"publish", "backend", b});
  require_as_meant(haproxy::unpublish_backend(b), unpublish_backend, {"unpublish", "backend", b});
  require_as_meant(haproxy::del_backend(b), del_backend, {"del", "backend", b});
}

/// `#` at the beginning of a key names an entry by its address (management guide, "set map").
void require_no_reference(const outcome<command>& made, const std::string& key) {
  if (made) fuzz::require(!key.starts_with('#'), "a key is no reference", made->line);
}

void maps(provider& from) {
  const auto map = fuzz::text(from, "/run/switchyard/haproxy.routes.map");
  const auto key = fuzz::text(from, "a.example.com/v1/");
  const auto value = fuzz::text(from, "web");
  const auto version = fuzz::text(from, "7");
  using enum command_kind;
  const auto added = haproxy::add_map(map, key, value, version);
  words meant{"add", "map", "@" + version, map, key, value};
  if (version.empty()) meant.erase(meant.begin() + 2);
  require_as_meant(added, add_map, meant);
  const auto changed = haproxy::set_map(map, key, value);
  require_no_reference(changed, key);
  require_as_meant(changed, set_map, {"set", "map", map, key, value});
  const auto deleted = haproxy::del_map(map, key);
  require_no_reference(deleted, key);
  require_as_meant(deleted, del_map, {"del", "map", map, key});
  require_as_meant(haproxy::commit_map(map, version), commit_map,
                   {"commit", "map", "@" + version, map});
}

void arguments(provider& from) {
  const auto value = fuzz::text(from, "value");
  const auto encoded = haproxy::argument(value);
  if (!encoded) return;
  fuzz::require(*encoded == value, "an argument stays as it is", value);
  fuzz::require_command(*encoded, {value});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  provider from(data, size);
  switch (from.ConsumeIntegralInRange<int>(0, 4)) {
    case 0:
      arguments(from);
      break;
    case 1:
      maps(from);
      break;
    case 2:
      known_server(from);
      break;
    case 3:
      new_server(from);
      break;
    default:
      backends(from);
      break;
  }
  return 0;
}
