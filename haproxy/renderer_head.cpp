// What stands before the backends: global settings, named defaults and frontends.

#include <algorithm>

#include "base/duration.hpp"
#include "haproxy/renderer.hpp"
#include "haproxy/routes.hpp"
#include "haproxy/server_state.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using config::haproxy_mode;
using model::proxy_mode;

// client-fin and tunnel go together: else a WebSocket whose client vanished lives as long as the
// tunnel. The keepalives of tcp end within two minutes what a peer that vanished would leave open
// on the other side: a database sees nothing but an HAProxy that is well.
constexpr std::string_view http_lines = R"(    mode http
    log global
    option dontlognull
    option redispatch
    retries 3
    retry-on conn-failure empty-response
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout http-request 10s
    timeout http-keep-alive 10s
    timeout queue 5s
    timeout tunnel 1h
    timeout client-fin 30s
)";

constexpr std::string_view tcp_lines = R"(    mode tcp
    log global
    option dontlognull
    option redispatch
    retries 3
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout queue 5s
    timeout tunnel 1h
    timeout client-fin 30s
    option clitcpka
    clitcpka-idle 60s
    clitcpka-intvl 10s
    clitcpka-cnt 6
    option srvtcpka
    srvtcpka-idle 60s
    srvtcpka-intvl 10s
    srvtcpka-cnt 6
)";

// Named, and named again by every section of ours, so that the operator's own defaults in base_file
// neither change ours nor are changed by them.
std::string defaults_section(model::proxy_mode mode, bool server_state) {
  return "defaults " + defaults_name(mode) + "\n" + std::string(defaults_lines(mode)) +
         (server_state ? "    load-server-state-from-file global\n" : "");
}

/// HAProxy verifies a server that is added at run time only against a file that it was loaded with,
/// and a backend that is added then has the file from nowhere else.
outcome<std::string> ca_section(const config::haproxy_settings& haproxy) {
  if (!haproxy.server_ca_file) return std::string();
  if (!plain_file(*haproxy.server_ca_file))
    return error{errc::invalid, "haproxy.server_ca_file " + printable(*haproxy.server_ca_file) +
                                    " is no absolute path of A-Z a-z 0-9 /._-+@=:~"};
  return "\ndefaults switchyard-ca\n    mode http\n    default-server ssl verify required "
         "ca-file " +
         *haproxy.server_ca_file + "\n";
}

error in_frontend(const std::string& name, const error& why) {
  return {errc::invalid, "frontend " + printable(name) + ": " + why.message};
}

/// Nothing when the operator's base_file has it.
outcome<std::string> socket_lines(const config::haproxy_settings& haproxy) {
  const bool ours = haproxy.mode == haproxy_mode::managed || !haproxy.base_file;
  if (!ours) return std::string();
  if (!haproxy.runtime_socket.starts_with('/'))
    return error{errc::invalid, "haproxy.runtime_socket " + printable(haproxy.runtime_socket) +
                                    " is no absolute path"};
  // HAProxy splits addresses at commas and expands variables in them, whatever the quotes.
  if (haproxy.runtime_socket.find_first_of(",$") != std::string::npos)
    return error{errc::invalid, "haproxy.runtime_socket " + printable(haproxy.runtime_socket) +
                                    " holds a comma or a dollar sign"};
  const auto socket = config_word(haproxy.runtime_socket);
  if (!socket) return error{errc::invalid, "haproxy.runtime_socket: " + socket.error().message};
  return "    stats socket " + *socket + " mode 600 level admin expose-fd listeners\n" +
         "    hard-stop-after " + base::format_duration(haproxy.reload.hard_stop_after) + "\n";
}

outcome<std::string> global_section(const config::haproxy_settings& haproxy, bool server_state) {
  auto lines = socket_lines(haproxy);
  if (!lines) return lines;
  if (server_state) {
    const auto file = config_word(server_state_beside(haproxy.config_file));
    if (!file) return error{errc::invalid, "haproxy.config_file: " + file.error().message};
    *lines += "    server-state-file " + *file + "\n";
  }
  return lines->empty() ? std::string() : "global\n" + *lines + "\n";
}

outcome<std::string> bind_line(const config::bind_settings& bind) {
  if (bind.port == 0) return error{errc::invalid, "port 0 cannot be bound"};
  const auto ip = model::canonical_ip(bind.address);
  if (bind.address != "*" && !ip)
    return error{errc::invalid,
                 "address " + printable(bind.address) + " is neither an IP nor \"*\""};
  const bool v6 = ip && ip->find(':') != std::string::npos;
  auto line =
      "    bind " + (v6 ? "[" + *ip + "]" : ip.value_or("*")) + ":" + std::to_string(bind.port);
  if (!bind.certificates) return line + "\n";
  if (!plain_file(*bind.certificates))
    return error{errc::invalid, "certificates: " + printable(*bind.certificates) +
                                    " is no absolute path of A-Z a-z 0-9 /._-+@=:~"};
  line += " ssl crt " + *bind.certificates;
  std::string protocols;
  for (const auto& protocol : bind.alpn) {
    if (protocol.empty() || protocol.find(',') != std::string::npos)
      return error{errc::invalid, "alpn: " + printable(protocol) + " is empty or holds a comma"};
    protocols += (protocols.empty() ? "" : ",") + protocol;
  }
  if (protocols.empty()) return line + "\n";
  const auto alpn = config_word(protocols);
  if (!alpn) return error{errc::invalid, "alpn: " + alpn.error().message};
  return line + " alpn " + *alpn + "\n";
}

/// What a frontend of mode http does with requests before any backend is chosen by default.
std::string request_lines(const config::frontend_settings& frontend, const std::string& routing) {
  // Kept connections lose no request when a reload ends their worker.
  std::string text = "    option idle-close-on-response\n    option forwardfor\n";
  if (frontend.redirect_to_https)
    text += "    http-request redirect scheme https code 301 unless { ssl_fc }\n";
  text +=
      "    http-request set-header X-Forwarded-Proto https if { ssl_fc }\n"
      "    http-request set-header X-Forwarded-Proto http unless { ssl_fc }\n";
  return text + routing;
}

bool fits(const config::frontend_settings& frontend, const backend_modes& modes) {
  const auto known = modes.find(*frontend.default_backend);
  return known == modes.end() || known->second == frontend.mode;
}

outcome<std::string> frontend_section(const config::frontend_settings& frontend,
                                      const backend_modes& modes, const std::string& routing) {
  if (!model::valid_name(frontend.name))
    return error{errc::invalid, "the name is not made of A-Z a-z 0-9 _ . : -"};
  auto text =
      "frontend " + frontend.name + " from " + defaults_name(frontend.mode) + "\n    no log\n";
  for (const auto& bind : frontend.binds) {
    auto line = bind_line(bind);
    if (!line) return line;
    text += *line;
  }
  if (frontend.mode == proxy_mode::http)
    text += request_lines(frontend, routing);
  else if (frontend.redirect_to_https)
    return error{errc::invalid, "redirect_to_https needs mode http"};
  if (!frontend.default_backend) return text;
  if (!model::valid_name(*frontend.default_backend))
    return error{errc::invalid, "default_backend is not made of A-Z a-z 0-9 _ . : -"};
  // default_backend would want the backend to be there, and on 3.4 to stay.
  if (fits(frontend, modes)) text += "    use_backend %[str(" + *frontend.default_backend + ")]\n";
  return text;
}

/// `show stat NAME` finds the frontend alone (2.6 to 3.2).
std::map<std::string, std::string> namesakes(
    const std::vector<config::frontend_settings>& frontends, const backend_modes& modes) {
  std::map<std::string, std::string> found;
  for (const auto& frontend : frontends)
    if (modes.contains(frontend.name))
      found[frontend.name] =
          "frontend " + frontend.name + " has the name of a backend: HAProxy up to 3.2 does not " +
          "tell that backend's figures and limits, and from 3.3 on refuses both; give one of " +
          "them another name";
  return found;
}

}  // namespace

std::string_view defaults_lines(model::proxy_mode mode) {
  return mode == model::proxy_mode::tcp ? tcp_lines : http_lines;
}

std::map<std::string, std::string> misfits(const std::vector<config::frontend_settings>& frontends,
                                           const backend_modes& modes) {
  std::map<std::string, std::string> found;
  for (const auto& frontend : frontends) {
    if (!frontend.default_backend || fits(frontend, modes)) continue;
    const auto& backend = *frontend.default_backend;
    found[frontend.name] = "frontend " + frontend.name + " is of mode " +
                           std::string(to_string(frontend.mode)) + " and does not lead to its " +
                           "default_backend " + backend + ", which is of mode " +
                           std::string(to_string(modes.at(backend)));
  }
  for (const auto& [name, why] : namesakes(frontends, modes))
    (found[name] += found[name].empty() ? "" : "; ") += why;
  return found;
}

outcome<std::string> render_head(const config::haproxy_settings& haproxy,
                                 const std::vector<config::frontend_settings>& frontends,
                                 const backend_modes& modes, bool server_state) {
  auto head = global_section(haproxy, server_state);
  if (!head) return head;
  auto text = std::move(head).value();
  text += defaults_section(model::proxy_mode::http, server_state) + "\n" +
          defaults_section(model::proxy_mode::tcp, server_state);
  const auto authorities = ca_section(haproxy);
  if (!authorities) return authorities;
  text += *authorities;
  const bool routed = std::ranges::any_of(
      frontends, [](const auto& frontend) { return frontend.mode == proxy_mode::http; });
  auto routing = routed ? routing_lines(map_beside(haproxy.config_file)) : std::string();
  if (!routing) return routing;
  for (const auto& frontend : frontends) {
    const auto section = frontend_section(frontend, modes, *routing);
    if (!section) return in_frontend(frontend.name, section.error());
    (text += '\n') += *section;
  }
  return text;
}

}  // namespace switchyard::haproxy
