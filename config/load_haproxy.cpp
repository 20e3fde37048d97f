// The sections `haproxy` and `frontends`.

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "config/reading.hpp"
#include "model/backend.hpp"

namespace switchyard::config {

namespace {

using model::object_reader;
using namespace std::chrono_literals;

void read_reload(const nlohmann::json& value, const std::string& pointer, const reading& place,
                 reload_settings& target) {
  object_reader from(value, pointer, place.sink);
  from.read("min_interval", target.min_interval, 0ms, 1h);
  read_number(from, "max_old_workers", target.max_old_workers, 1, 100);
  from.read("hard_stop_after", target.hard_stop_after, 1s, 24h);
  std::vector<std::string> words;
  const bool listed = from.each("command", [&](const nlohmann::json& word, const std::string&) {
    words.push_back(word.is_string() ? word.get<std::string>() : std::string());
  });
  const auto usable = [](const std::string& word) {
    return !word.empty() && word.find('\0') == std::string::npos;
  };
  if (listed && (words.empty() || !std::ranges::all_of(words, usable)))
    from.fail("command", "must be a list of words, such as [systemctl, reload, haproxy]");
  else if (listed)
    target.command = std::move(words);
  from.finish();
}

void check_socket_path(object_reader& from, std::string_view key, const std::string& path) {
  if (path.size() > longest_socket_path)
    from.fail(key, "the socket's path has " + std::to_string(path.size()) +
                       " bytes and the system allows " + std::to_string(longest_socket_path) +
                       ": choose a shorter folder");
  if (path.find_first_of(",$") != std::string::npos)
    from.fail(key,
              "must be without commas and dollar signs, which HAProxy does not take in an address");
}

/// A path that stands in runtime commands as well, which know no quotes.
void read_plain_path(object_reader& from, const std::string& key, const reading& place,
                     std::optional<std::string>& target) {
  constexpr std::string_view marks = "/._-+@=:~";
  if (!read_path(from, key, target, place) || !target) return;
  const auto usable = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  };
  if (!std::ranges::all_of(*target, usable))
    from.fail(key,
              "must be made of A-Z a-z 0-9 /._-+@=:~, for HAProxy; not " + model::quoted(*target));
}

void check_managed(object_reader& from, haproxy_settings& target) {
  if (target.binary.empty())
    from.fail("binary",
              "managed mode starts HAProxy: name its program, or set haproxy.mode to attached");
  if (!target.reload.command.empty())
    from.fail("reload", "managed mode reloads through its master socket: leave command out");
  if (target.pid_file)
    from.fail("pid_file", "managed mode uses a master socket: leave pid_file out");
  if (!target.master_socket)
    target.master_socket =
        (std::filesystem::path(target.runtime_socket).parent_path() / "master.sock").string();
}

void check_attached(object_reader& from, const haproxy_settings& target) {
  if (!target.master_socket && !target.pid_file && target.reload.command.empty())
    from.fail("master_socket",
              "attached mode reloads through the master socket: set master_socket (haproxy -S), "
              "pid_file or reload.command");
}

/// Two of our files must not be one.
void check_distinct(object_reader& from, const haproxy_settings& target) {
  const std::array<std::pair<std::string_view, std::optional<std::string>>, 5> paths{
      {{"config_file", target.config_file},
       {"base_file", target.base_file},
       {"runtime_socket", target.runtime_socket},
       {"master_socket", target.master_socket},
       {"pid_file", target.pid_file}}};
  std::map<std::string, std::string_view> seen;
  for (const auto& [key, path] : paths) {
    if (!path) continue;
    const auto [other, first] = seen.emplace(*path, key);
    if (!first)
      from.fail(key, "is the same path as " + std::string(other->second) + ": choose another");
  }
}

/// A protocol's name (RFC 7301) that needs no quoting.
bool plain_protocol(const std::string& word) {
  constexpr std::string_view marks = "./_-";
  return !word.empty() && word.size() <= 64 && std::ranges::all_of(word, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

/// What HAProxy is to understand in mode http it must know; in mode tcp the servers speak it.
void read_alpn(object_reader& from, model::proxy_mode mode, std::vector<std::string>& target) {
  const bool http = mode == model::proxy_mode::http;
  if (!http) target.clear();
  std::vector<std::string> words;
  const bool there = from.each("alpn", [&](const nlohmann::json& value, const std::string&) {
    words.push_back(value.is_string() ? value.get<std::string>() : std::string());
  });
  if (!there) return;
  const auto usable = [&](const std::string& word) {
    return http ? word == "h2" || word == "http/1.1" : plain_protocol(word);
  };
  if (!std::ranges::all_of(words, usable) ||
      std::set<std::string>(words.begin(), words.end()).size() != words.size())
    return from.fail("alpn",
                     http ? "must be a list of \"h2\" and \"http/1.1\", each at most once"
                          : "must be a list of protocols' names, made of A-Z a-z 0-9 . / _ -, each "
                            "at most once");
  target = std::move(words);
}

bind_settings read_bind(const nlohmann::json& value, const std::string& pointer,
                        const reading& place, model::proxy_mode mode) {
  bind_settings bind;
  object_reader from(value, pointer, place.sink);
  if (from.read("address", bind.address) && bind.address != "*") {
    if (const auto ip = model::canonical_ip(bind.address))
      bind.address = *ip;
    else
      from.fail("address", "must be an IPv4 or IPv6 address or \"*\" for every IPv4 address, not " +
                               model::quoted(bind.address));
  }
  from.require("port");
  read_number(from, "port", bind.port, 1, 65535);
  read_plain_path(from, "certificates", place, bind.certificates);
  read_alpn(from, mode, bind.alpn);
  from.finish();
  return bind;
}

/// What mode http alone knows, and what mode tcp cannot do without.
void check_tcp(object_reader& from, const frontend_settings& frontend) {
  if (frontend.redirect_to_https)
    from.fail("redirect_to_https", "needs mode http: in mode tcp bytes pass as they are");
  if (!frontend.default_backend)
    from.fail("default_backend", "is missing: a frontend of mode tcp follows no routes");
}

frontend_settings read_frontend(const nlohmann::json& value, const std::string& pointer,
                                const reading& place) {
  frontend_settings frontend;
  object_reader from(value, pointer, place.sink);
  from.require("name");
  if (from.read("name", frontend.name)) {
    check_name(from, "name", frontend.name);
    // HAProxy's own proxies, and the prefix of the sections that switchyard writes.
    if (frontend.name == "GLOBAL" || frontend.name == "MASTER" ||
        frontend.name.starts_with("switchyard-"))
      from.fail("name", model::quoted(frontend.name) + " is reserved: choose another name");
  }
  from.read_enum("mode", frontend.mode, {model::proxy_mode::http, model::proxy_mode::tcp});
  from.require("binds");
  const bool listed = from.each("binds", [&](const nlohmann::json& bind, const std::string& at) {
    frontend.binds.push_back(read_bind(bind, at, place, frontend.mode));
  });
  if (listed && frontend.binds.empty())
    from.fail("binds", "must have at least one entry, such as {address: \"*\", port: 80}");
  if (from.read("default_backend", frontend.default_backend) && frontend.default_backend)
    check_name(from, "default_backend", *frontend.default_backend);
  from.read("redirect_to_https", frontend.redirect_to_https);
  if (frontend.mode == model::proxy_mode::tcp) check_tcp(from, frontend);
  from.finish();
  return frontend;
}

}  // namespace

void read_haproxy(const nlohmann::json& value, const std::string& pointer, const reading& place,
                  haproxy_settings& target) {
  object_reader from(value, pointer, place.sink);
  from.read_enum("mode", target.mode, {haproxy_mode::managed, haproxy_mode::attached});
  // A bare name is looked up in PATH; anything else is a path.
  if (from.read("binary", target.binary) && target.binary.find('/') != std::string::npos)
    read_path(from, "binary", target.binary, place);
  read_path(from, "config_file", target.config_file, place);
  read_path(from, "base_file", target.base_file, place);
  read_path(from, "runtime_socket", target.runtime_socket, place);
  read_path(from, "master_socket", target.master_socket, place);
  read_path(from, "pid_file", target.pid_file, place);
  read_plain_path(from, "server_ca_file", place, target.server_ca_file);
  if (const auto* reload = from.member("reload"))
    read_reload(*reload, from.pointer("reload"), place, target.reload);
  from.finish();
  if (!from.is_object()) return;

  if (target.mode == haproxy_mode::managed)
    check_managed(from, target);
  else
    check_attached(from, target);
  check_haproxy_path(from, "config_file", target.config_file);
  check_haproxy_path(from, "runtime_socket", target.runtime_socket);
  check_socket_path(from, "runtime_socket", target.runtime_socket);
  if (target.master_socket) check_haproxy_path(from, "master_socket", *target.master_socket);
  if (target.master_socket) check_socket_path(from, "master_socket", *target.master_socket);
  check_distinct(from, target);
}

void read_frontends(object_reader& from, const reading& place,
                    std::vector<frontend_settings>& target) {
  std::set<std::string> names;
  std::map<std::pair<std::string, std::uint16_t>, std::string> bound;
  from.each("frontends", [&](const nlohmann::json& value, const std::string& pointer) {
    auto frontend = read_frontend(value, pointer, place);
    if (!frontend.name.empty() && !names.insert(frontend.name).second)
      place.sink.push_back(
          {pointer + "/name", "the name " + model::quoted(frontend.name) +
                                  " is taken by an earlier frontend: choose another"});
    for (std::size_t i = 0; i < frontend.binds.size(); ++i) {
      const auto& bind = frontend.binds[i];
      const auto [other, first] = bound.emplace(std::pair(bind.address, bind.port), frontend.name);
      // HAProxy would start and share the traffic out between the two at random.
      if (!first && bind.port != 0)
        place.sink.push_back({pointer + "/binds/" + std::to_string(i) + "/port",
                              "the frontend " + model::quoted(other->second) +
                                  " binds the same address and port: choose another"});
    }
    target.push_back(std::move(frontend));
  });
}

}  // namespace switchyard::config
