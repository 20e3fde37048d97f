#include "model/document_objects.hpp"

#include <algorithm>
#include <utility>

#include "model/document.hpp"
#include "model/document_text.hpp"

namespace switchyard::model {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto longest_timer = std::chrono::milliseconds(24 * 24h);  // HAProxy's end at 2^31 ms

template <class Integer>
void read_number(object_reader& reader, std::string_view key, Integer& target, std::int64_t low,
                 std::int64_t high) {
  std::int64_t number = 0;
  if (reader.read(key, number, low, high)) target = static_cast<Integer>(number);
}

void read_duration(object_reader& reader, std::string_view key,
                   std::optional<std::chrono::milliseconds>& target,
                   std::chrono::milliseconds low = 1ms,
                   std::chrono::milliseconds high = longest_timer) {
  std::chrono::milliseconds value{};
  if (reader.read(key, value, low, high)) target = value;
}

void read_tls(const json& value, const std::string& pointer, tls_settings& target, problems& sink) {
  object_reader reader(value, pointer, sink);
  reader.read("enabled", target.enabled);
  reader.read_enum("verify", target.verify, {tls_verify::required, tls_verify::none});
  if (reader.read("sni", target.sni) && target.sni && !valid_host(*target.sni))
    reader.fail("sni", "must be a host name, not " + model::quoted(*target.sni));
  reader.finish();
}

void read_check(const json& value, const std::string& pointer, check_settings& target,
                problems& sink) {
  object_reader reader(value, pointer, sink);
  reader.read_enum("type", target.type, {check_type::tcp, check_type::http, check_type::none});
  if (reader.read("path", target.path, max_path) && !valid_path(target.path, true))
    reader.fail("path",
                "must be a path that begins with / and is percent-encoded (RFC 3986, without "
                "quotes and ;), not " +
                    model::quoted(target.path));
  reader.read("interval", target.interval, 100ms, 1h);
  read_number(reader, "rise", target.rise, 1, 100);
  read_number(reader, "fall", target.fall, 1, 100);
  reader.finish();
}

void read_timeouts(const json& value, const std::string& pointer, timeout_settings& target,
                   problems& sink) {
  object_reader reader(value, pointer, sink);
  read_duration(reader, "connect", target.connect);
  read_duration(reader, "server", target.server);
  read_duration(reader, "tunnel", target.tunnel);
  reader.finish();
}

void read_sticky(const json& value, const std::string& pointer,
                 std::optional<sticky_settings>& target, problems& sink) {
  object_reader reader(value, pointer, sink);
  reader.require("cookie");
  std::string cookie;
  if (reader.read("cookie", cookie, max_cookie_name) && !valid_cookie_name(cookie))
    reader.fail("cookie", "must be 1 to 64 of the characters A-Z a-z 0-9 ! % & * + - . _ ~, not " +
                              model::quoted(cookie));
  reader.finish();
  target = sticky_settings{std::move(cookie)};
}

void read_address(object_reader& reader, server& target) {
  reader.require("address");
  std::string text;
  if (!reader.read("address", text)) return;
  if (auto address = canonical_ip(text)) {
    // HAProxy sends to the address that the client asked for (manual, "server <address>").
    if (*address == "0.0.0.0" || *address == "::")
      return reader.fail("address", "must be the address of a server, not the unspecified address");
    target.address = std::move(*address);
  } else if (auto host = canonical_host(text)) {
    target.host = std::move(*host);
  } else {
    reader.fail("address",
                "must be an IPv4 or IPv6 address (no brackets, port, zone or prefix length) or a "
                "host name, not " +
                    model::quoted(text));
  }
}

/// Which addresses of a host name; each of all is a server whose name ends with it.
void read_resolve(object_reader& reader, server& target) {
  reader.read_enum("resolve", target.resolve, {name_resolution::first, name_resolution::all});
  if (target.resolve == name_resolution::first) return;
  if (target.host.empty() && !target.address.empty())
    reader.fail("resolve",
                "all needs a host name as the address, not " + model::quoted(target.address));
  if (target.name.size() > max_name_of_many)
    reader.fail("name", "must be at most " + std::to_string(max_name_of_many) +
                            " characters with resolve: all, since addresses are appended to it");
}

}  // namespace

void read_name(object_reader& reader, std::string_view key, std::string& target) {
  reader.require(key);
  if (reader.read(key, target) && !valid_name(target))
    reader.fail(key, "must be 1 to 128 of the characters A-Z a-z 0-9 _ . : -, not " +
                         model::quoted(target));
}

void read_settings(object_reader& reader, backend_settings& target, problems& sink) {
  using enum balance_algorithm;
  reader.read_enum("mode", target.mode, {proxy_mode::http, proxy_mode::tcp});
  reader.read_enum("balance", target.balance, {roundrobin, leastconn, random, source, uri});
  reader.read_enum("protocol", target.protocol,
                   {server_protocol::automatic, server_protocol::h1, server_protocol::h2});
  if (const auto* tls = reader.member("tls"))
    read_tls(*tls, reader.pointer("tls"), target.tls, sink);
  if (const auto* check = reader.member("check"))
    read_check(*check, reader.pointer("check"), target.check, sink);
  if (const auto* timeouts = reader.member("timeouts"))
    read_timeouts(*timeouts, reader.pointer("timeouts"), target.timeouts, sink);
  if (const auto* sticky = reader.member("sticky"))
    read_sticky(*sticky, reader.pointer("sticky"), target.sticky, sink);
  read_duration(reader, "slowstart", target.slowstart, 1s, 1h);  // HAProxy counts whole seconds
  if (target.mode != proxy_mode::tcp) return;
  if (target.protocol != server_protocol::automatic)
    reader.fail("protocol", std::string(to_string(target.protocol)) +
                                " needs mode http: in mode tcp bytes pass as they are");
  if (target.balance == uri)
    reader.fail("balance", "uri needs mode http: in mode tcp there is no URI");
  if (target.sticky)
    reader.fail("sticky", "a cookie needs mode http: in mode tcp bytes pass as they are");
}

std::optional<server> decode_server(const json& value, const std::string& pointer, problems& sink) {
  const auto before = sink.size();
  server target;
  object_reader reader(value, pointer, sink);
  read_name(reader, "name", target.name);
  read_address(reader, target);
  read_resolve(reader, target);
  reader.require("port");
  read_number(reader, "port", target.port, 1, 65535);
  read_number(reader, "weight", target.weight, 0, max_weight);
  reader.read_enum("state", target.state,
                   {server_state::ready, server_state::drain, server_state::maint});
  reader.read("backup", target.backup);
  read_number(reader, "maxconn", target.maxconn, 0, 0x7fffffff);
  reader.finish();
  if (sink.size() != before) return {};
  return target;
}

backend_settings decode_settings(const json& value, const std::string& pointer, problems& sink) {
  backend_settings target;
  object_reader reader(value, pointer, sink);
  if (reader.is_object()) read_settings(reader, target, sink);
  reader.finish();
  return target;
}

std::optional<route> decode_route(const json& value, const std::string& pointer, problems& sink) {
  const auto before = sink.size();
  route target{"", "/", ""};
  object_reader reader(value, pointer, sink);
  if (reader.read("host", target.host)) {
    if (auto host = canonical_route_host(target.host))
      target.host = std::move(*host);
    else
      reader.fail("host",
                  "must be a host name without port, \"*.example.com\" or \"\" for any, not " +
                      model::quoted(target.host));
  }
  if (reader.read("path", target.path, max_path)) {
    if (auto path = canonical_route_path(target.path))
      target.path = std::move(*path);
    else
      reader.fail("path",
                  "must be a path that begins with / and is percent-encoded (RFC 3986, without "
                  "query, quotes and ;), not " +
                      model::quoted(target.path));
  }
  read_name(reader, "backend", target.backend);
  reader.finish();
  if (sink.size() != before) return {};
  return target;
}

}  // namespace switchyard::model
