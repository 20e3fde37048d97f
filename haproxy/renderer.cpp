#include "haproxy/renderer.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/duration.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;
using model::balance_algorithm;
using model::check_type;
using model::proxy_mode;
using model::server_protocol;
using std::chrono::milliseconds;

// HAProxy's timers and counters are signed 32-bit numbers.
constexpr std::uint32_t largest_number = std::numeric_limits<std::int32_t>::max();

error invalid(std::string message) {
  return {errc::invalid, std::move(message)};
}

status check_duration(const std::string& what, milliseconds value) {
  if (value.count() >= 1 && value.count() <= std::int64_t{largest_number}) return {};
  return invalid(what + " of " + std::to_string(value.count()) +
                 " ms is outside of 1 ms to 24 days");
}

status check_count(const char* what, std::uint32_t value) {
  if (value >= 1 && value <= largest_number) return {};
  return invalid(std::string(what) + " of " + std::to_string(value) + " is outside of 1 to " +
                 std::to_string(largest_number));
}

/// What RFC 3986 allows in a path and a query, but no quote.
bool plain_path(std::string_view path) {
  constexpr std::string_view marks = "-._~!$&()*+,;=:@/?%";
  return !path.empty() && path.size() <= 1024 && path.front() == '/' &&
         std::all_of(path.begin(), path.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  marks.find(c) != std::string_view::npos;
         });
}

/// HAProxy takes the name inside sni as an expression, so it holds nothing but a host's letters.
bool plain_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

constexpr std::string_view cookie_marks = "!%&*+-._~";
// No secret: docs/decisions/0008-persistence.md.
constexpr std::string_view cookie_key = "switchyard";

/// A token (RFC 6265) without what HAProxy's configuration takes as more than a letter.
bool plain_cookie(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           cookie_marks.find(c) != std::string_view::npos;
  });
}

/// Those that are set, by the names that documents and HAProxy share.
std::vector<std::pair<std::string, milliseconds>> timeouts_of(const model::backend_settings& s) {
  std::vector<std::pair<std::string, milliseconds>> set;
  const auto add = [&](const char* name, const std::optional<milliseconds>& time) {
    if (time) set.emplace_back(name, *time);
  };
  add("connect", s.timeouts.connect);
  add("server", s.timeouts.server);
  add("tunnel", s.timeouts.tunnel);
  return set;
}

/// Everything of the settings that HAProxy would refuse, or take as something else.
status check_settings(const model::backend_settings& s) {
  if (s.mode == proxy_mode::tcp && s.balance == balance_algorithm::uri)
    return invalid("balance uri needs mode http");
  if (s.mode == proxy_mode::tcp && s.protocol != server_protocol::automatic)
    return invalid("protocol " + std::string(to_string(s.protocol)) + " needs mode http");
  if (s.mode == proxy_mode::tcp && s.sticky) return invalid("sticky needs mode http");
  if (s.sticky && !plain_cookie(s.sticky->cookie))
    return invalid("sticky.cookie " + printable(s.sticky->cookie) + " is no name of a cookie");
  for (const auto& [name, time] : timeouts_of(s))
    if (auto ok = check_duration("timeouts." + name, time); !ok) return ok;
  if (s.slowstart)
    if (auto ok = check_duration("slowstart", *s.slowstart); !ok) return ok;
  if (s.tls.enabled && s.tls.sni && !plain_host(*s.tls.sni))
    return invalid("tls.sni " + printable(*s.tls.sni) + " is no host name");
  if (s.check.type == check_type::none) return {};
  if (auto ok = check_duration("check.interval", s.check.interval); !ok) return ok;
  if (auto ok = check_count("check.rise", s.check.rise); !ok) return ok;
  if (auto ok = check_count("check.fall", s.check.fall); !ok) return ok;
  if (s.check.type == check_type::http && !plain_path(s.check.path))
    return invalid("check.path " + printable(s.check.path) +
                   " is no URL path (\"/\", then letters, digits and -._~!$&()*+,;=:@/?%)");
  return {};
}

/// Dynamic servers need a balance that can be changed at run time; source and uri are that only
/// with consistent hashing (configuration manual, "hash-type").
std::string balance_lines(balance_algorithm balance) {
  auto lines = "    balance " + std::string(to_string(balance)) + "\n";
  if (balance == balance_algorithm::source || balance == balance_algorithm::uri)
    lines += "    hash-type consistent\n";
  return lines;
}

bool forced_h2_over_tls(const model::backend_settings& s) {
  return s.tls.enabled && s.mode == proxy_mode::http && s.protocol == server_protocol::h2;
}

std::string check_lines(const model::backend_settings& s) {
  if (s.check.type != check_type::http) return {};
  const auto host = s.tls.enabled && s.tls.sni ? *s.tls.sni : std::string("localhost");
  std::string lines = "    option httpchk\n";
  // A check that inherits `proto h2` never gets an answer over TLS on 2.6: it begins before the
  // handshake is over. One that lets ALPN choose does, and needs its own connect rule for it.
  if (forced_h2_over_tls(s))
    lines += "    http-check connect ssl alpn h2" + (s.tls.sni ? " sni " + host : "") + "\n";
  // Without this rule HAProxy from 3.3 on asks for the Host of the check, and wants it verified.
  else if (s.tls.enabled && !s.tls.sni)
    lines += "    http-check connect default\n";
  lines += "    http-check send meth GET uri '" + s.check.path + "' ver HTTP/1.1 hdr Host " + host +
           "\n";
  return lines;
}

/// The pattern of cookies with that name, and of no other.
std::string cookie_pattern(std::string_view name) {
  std::string pattern = "^";
  for (const char c : name)
    pattern += cookie_marks.find(c) == std::string_view::npos ? std::string(1, c)
                                                              : std::string{'[', c, ']'};
  return pattern + "=.*$";
}

/// A server's value is a hash of its address, its port and the key (manual, "dynamic-cookie-key"),
/// so servers that are added at run time have one as well, and it outlives reloads. Only the
/// connection tells whether its client came over TLS; the cookie that HAProxy adds is the last one.
std::string sticky_lines(const model::backend_settings& s) {
  if (!s.sticky) return {};
  const auto& name = s.sticky->cookie;
  return "    cookie '" + name + "' insert indirect nocache httponly dynamic\n" +
         "    dynamic-cookie-key " + std::string(cookie_key) + "\n" +
         "    http-after-response replace-header Set-Cookie '" + cookie_pattern(name) +
         "' '%[res.fhdr(Set-Cookie,-1)]; Secure' if { ssl_fc }\n";
}

/// check-ssl is what `ssl` implies for servers of the file, but not for those of `add server`.
std::string check_words(const model::backend_settings& s) {
  if (s.check.type == check_type::none) return {};
  return std::string("check") + (s.tls.enabled ? " check-ssl" : "") + " inter " +
         base::format_duration(s.check.interval) + " rise " + std::to_string(s.check.rise) +
         " fall " + std::to_string(s.check.fall);
}

std::string tls_words(const model::backend_settings& s, std::string_view ca_file) {
  if (!s.tls.enabled) return {};
  auto words = s.tls.verify == model::tls_verify::none
                   ? std::string("ssl verify none")
                   : "ssl verify required ca-file " + std::string(ca_file);
  // From 3.3 on HAProxy would ask for the host of the request, and take no certificate without it;
  // a variable that nobody sets asks for none. no-sni-auto is not known before 3.3.
  if (!s.tls.sni) return words + " sni var(txn.switchyard_no_sni)";
  words += " sni str(" + *s.tls.sni + ")";
  if (s.tls.verify == model::tls_verify::required) words += " verifyhost " + *s.tls.sni;
  if (s.check.type != check_type::none) words += " check-sni " + *s.tls.sni;
  return words;
}

std::string protocol_words(const model::backend_settings& s) {
  if (s.mode != proxy_mode::http) return {};
  switch (s.protocol) {
    case server_protocol::h2:
      return "alpn h2,http/1.1 proto h2";
    case server_protocol::h1:
      return s.tls.enabled ? "alpn http/1.1 proto h1" : "proto h1";
    case server_protocol::automatic:
      break;
  }
  if (!s.tls.enabled) return {};
  // Without check-alpn a check offers the server's ALPN and then speaks HTTP/1 whatever was chosen.
  return s.check.type == check_type::http ? "alpn h2,http/1.1 check-alpn h2,http/1.1"
                                          : "alpn h2,http/1.1";
}

std::string slowstart_words(const model::backend_settings& s) {
  return s.slowstart ? "slowstart " + base::format_duration(*s.slowstart) : std::string();
}

error in_backend(const std::string& name, const error& why) {
  return {why.kind, "backend " + printable(name) + ": " + why.message};
}

outcome<std::string> render_settings(const model::backend& backend, std::string_view ca_file) {
  const auto& s = backend.settings;
  auto options = server_options(s, ca_file);
  if (!options) return options;
  auto text = "backend " + backend.name + " from " + defaults_name(s.mode) + "\n" +
              balance_lines(s.balance);
  for (const auto& [name, time] : timeouts_of(s))
    text += "    timeout " + name + " " + base::format_duration(time) + "\n";
  // A request that a server may have begun to work on is repeated only where that is harmless.
  if (s.mode == proxy_mode::http) text += "    http-request disable-l7-retry unless METH_GET\n";
  text += sticky_lines(s);
  text += check_lines(s);
  if (!options->empty()) text += "    default-server " + *options + "\n";
  return text;
}

}  // namespace

std::string backend_section::text() const {
  std::size_t size = settings.size();
  for (const auto& line : servers) size += line.size() + 1;
  std::string whole;
  whole.reserve(size);
  whole += settings;
  for (const auto& line : servers) (whole += line) += '\n';
  return whole;
}

std::string options_in(std::string_view settings) {
  constexpr std::string_view line = "\n    default-server ";
  const auto at = settings.find(line);
  if (at == std::string_view::npos) return "";
  settings.remove_prefix(at + line.size());
  return std::string(settings.substr(0, settings.find('\n')));
}

outcome<std::string> server_options(const model::backend_settings& settings,
                                    std::string_view ca_file) {
  if (const auto ok = check_settings(settings); !ok) return ok.error();
  if (ca_file != system_ca && !plain_file(ca_file))
    return invalid("haproxy.server_ca_file " + printable(ca_file) +
                   " is no absolute path of A-Z a-z 0-9 /._-+@=:~");
  std::string words;
  for (const auto& part : {check_words(settings), tls_words(settings, ca_file),
                           protocol_words(settings), slowstart_words(settings)}) {
    if (part.empty()) continue;
    if (!words.empty()) words += ' ';
    words += part;
  }
  return words;
}

outcome<std::string> render_server(const model::server& server) {
  if (!model::valid_name(server.name))
    return invalid("server name " + printable(server.name) + " is not made of A-Z a-z 0-9 _ . : -");
  if (const auto ok = check_server_address(server.address, server.port); !ok)
    return error{ok.error().kind, "server " + server.name + ": " + ok.error().message};
  if (server.weight > model::max_weight)
    return invalid("server " + server.name + ": weight " + std::to_string(server.weight) +
                   " is above 256");
  if (server.maxconn > largest_number)
    return invalid("server " + server.name + ": maxconn " + std::to_string(server.maxconn) +
                   " is above " + std::to_string(largest_number));
  const auto weight = server.state == model::server_state::drain ? 0 : server.weight;
  const bool v6 = server.address.find(':') != std::string::npos;
  std::string line;
  line.reserve(server.name.size() + server.address.size() + 64);
  (line += "    server ") += server.name;
  ((line += v6 ? " [" : " ") += server.address) += v6 ? "]:" : ":";
  ((line += std::to_string(server.port)) += " weight ") += std::to_string(weight);
  if (server.maxconn != 0) line += " maxconn " + std::to_string(server.maxconn);
  if (server.backup) line += " backup";
  if (server.state == model::server_state::maint) line += " disabled";
  return line;
}

outcome<backend_section> render_backend(const model::backend& backend, std::string_view ca_file) {
  if (!model::valid_name(backend.name))
    return invalid("backend name " + printable(backend.name) +
                   " is not made of A-Z a-z 0-9 _ . : -");
  auto settings = render_settings(backend, ca_file);
  if (!settings) return in_backend(backend.name, settings.error());
  backend_section section{std::move(settings).value(), {}};
  section.servers.reserve(backend.servers.size());
  const std::string* before = nullptr;
  for (const auto& server : backend.servers) {
    auto line = render_server(server);
    if (!line) return in_backend(backend.name, line.error());
    if (before != nullptr && *before >= server.name)
      return in_backend(backend.name,
                        invalid("server " + server.name + " is there twice or out of order"));
    before = &server.name;
    section.servers.push_back(std::move(line).value());
  }
  return section;
}

}  // namespace switchyard::haproxy
