#include "tests/haproxy/config_samples.hpp"
#include "haproxy/server_state.hpp"
#include "tests/support/haproxy_server.hpp"

#include <stdexcept>

#include "tests/support/support.hpp"

namespace switchyard::tests {

using namespace model;

server make_server(std::string name, std::string address, std::uint16_t port) {
  server s;
  s.name = std::move(name);
  s.address = std::move(address);
  s.port = port;
  return s;
}

backend make_backend(std::string name, std::size_t servers) {
  backend b;
  b.name = std::move(name);
  for (std::size_t i = 0; i < servers; ++i)
    b.servers.push_back(
        make_server("srv" + std::to_string(i), "10." + std::to_string(i / 62500) + "." +
                                                   std::to_string(i / 250 % 250) + "." +
                                                   std::to_string(1 + i % 250)));
  sort_servers(b.servers);
  return b;
}

namespace {

std::vector<backend_settings> kinds_of_settings() {
  std::vector<backend_settings> kinds;
  for (const auto mode : {proxy_mode::http, proxy_mode::tcp})
    for (const auto protocol :
         {server_protocol::automatic, server_protocol::h1, server_protocol::h2})
      for (const int tls : {0, 1, 2, 3})
        for (const auto check : {check_type::tcp, check_type::http, check_type::none}) {
          if (mode == proxy_mode::tcp && protocol != server_protocol::automatic) continue;
          backend_settings s;
          s.mode = mode;
          s.protocol = protocol;
          s.tls.enabled = tls != 0;
          s.tls.verify = tls == 1 ? tls_verify::none : tls_verify::required;
          if (tls == 3) s.tls.sni = "api.example.com";
          s.check.type = check;
          s.check.path = "/healthz?deep=1&x=%20$HOME";
          kinds.push_back(s);
        }
  for (const auto balance : {balance_algorithm::leastconn, balance_algorithm::random,
                             balance_algorithm::source, balance_algorithm::uri}) {
    backend_settings s;
    s.balance = balance;
    s.timeouts.connect = std::chrono::milliseconds(1500);
    s.timeouts.server = std::chrono::hours(24);
    s.timeouts.tunnel = std::chrono::hours(8);
    kinds.push_back(s);
  }
  for (const auto seconds : {1, 90, 3600}) {
    backend_settings s;
    s.slowstart = std::chrono::seconds(seconds);
    kinds.push_back(s);
  }
  for (const auto* cookie : {"SRV", "a.b!%&*+-_~"}) {
    backend_settings s;
    s.sticky = sticky_settings{cookie};
    kinds.push_back(s);
  }
  return kinds;
}

}  // namespace

std::vector<backend> all_kinds_of_backends() {
  std::vector<backend> backends;
  for (const auto& settings : kinds_of_settings()) {
    auto b = make_backend("kind:" + std::to_string(100 + backends.size()) + ".a_b-C", 0);
    b.settings = settings;
    b.servers = {make_server("s1"), make_server("s2", "2001:db8::1", 65535),
                 make_server("s3", "::ffff:10.0.0.1", 1)};
    b.servers[0].weight = 256;
    b.servers[0].maxconn = 50;
    b.servers[1].state = server_state::drain;
    b.servers[1].backup = true;
    b.servers[2].state = server_state::maint;
    backends.push_back(std::move(b));
  }
  return backends;
}

config::haproxy_settings settings_in(const std::string& folder) {
  config::haproxy_settings s;
  s.mode = config::haproxy_mode::attached;
  s.config_file = folder + "/haproxy.cfg";
  s.runtime_socket = folder + "/run.sock";
  return s;
}

haproxy::configuration configuration_of(const std::vector<backend>& backends,
                                        const config::haproxy_settings& settings,
                                        const std::vector<config::frontend_settings>& frontends) {
  haproxy::configuration c;
  for (const auto& b : backends)
    c.backends[b.name] =
        std::make_shared<haproxy::backend_section>(haproxy::render_backend(b).value());
  c.head = haproxy::render_head(settings, frontends, c.modes()).value();
  c.profiles = haproxy::profiles_for(c.backends, {});
  return c;
}

/// HAProxy opens the map that frontends name, wherever the settings put it.
static std::string with_map(std::string text, const std::string& map) {
  constexpr std::string_view start = "map_beg(";
  for (auto at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    const auto from = at + start.size();
    text.replace(from, text.find(')', from) - from, map);
  }
  return text;
}

/// HAProxy looks for the server-state file, wherever the settings put it.
static std::string with_server_state(std::string text, const std::string& file) {
  constexpr std::string_view start = "    server-state-file ";
  if (const auto at = text.find(start); at != std::string::npos)
    text.replace(at + start.size(), text.find('\n', at) - at - start.size(), file);
  return text;
}

base::finished ask_haproxy(const std::string& text, const std::string& base_text) {
  const temp_dir dir;
  write_text(dir / "routes.map", "");
  write_text(dir / "servers.state", std::string(haproxy::no_server_state));
  write_text(dir / "ours.cfg",
             with_server_state(with_map(text, dir / "routes.map"), dir / "servers.state"));
  base::command_line command{{haproxy_binary(), "-c"}, {}, std::chrono::seconds(60)};
  if (!base_text.empty()) {
    write_text(dir / "base.cfg", base_text);
    command.argv.insert(command.argv.end(), {"-f", dir / "base.cfg"});
  }
  command.argv.insert(command.argv.end(), {"-f", dir / "ours.cfg"});
  return base::run(command).value();
}

config::frontend_settings gateway_frontend() {
  config::frontend_settings f;
  f.name = "http-gateway";
  for (const auto* address : {"*", "127.0.0.1", "::1", "::"}) {
    config::bind_settings bind;
    bind.address = address;
    bind.port = 18'080;
    f.binds.push_back(bind);
  }
  f.default_backend = "api";
  return f;
}

}  // namespace switchyard::tests
