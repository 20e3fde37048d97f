// Frontends and paths with hostile values: refused, or exactly the lines and words that harmless
// ones of the same shape make.

#include "haproxy/config_store.hpp"
#include "haproxy/renderer.hpp"
#include "tests/fuzz/hostile.hpp"
#include "tests/fuzz/oracle.hpp"

namespace {

using namespace switchyard;
using fuzz::provider;
using fuzz::require;

/// Settings with hostile values, and a harmless twin.
struct pair_of_settings {
  config::haproxy_settings hostile, plain;
  std::vector<config::frontend_settings> hostile_frontends, plain_frontends;
  fuzz::values in_place_of;

  std::string stand_in(const std::string& value, const std::string& marker) {
    in_place_of[marker] = value;
    return marker;
  }
};

void add_frontend(provider& from, const std::string& number, pair_of_settings& into) {
  config::frontend_settings hostile;
  hostile.name = fuzz::text(from, "front" + number);
  hostile.redirect_to_https = from.ConsumeBool();
  if (from.ConsumeBool()) hostile.default_backend = fuzz::text(from, "web");
  config::bind_settings bind{"127.0.0.1", 8080, std::nullopt, {}};
  if (from.ConsumeBool()) bind.address = fuzz::text(from, "*");
  if (from.ConsumeBool()) bind.certificates = fuzz::text(from, "/etc/switchyard/certs");
  for (int i = from.ConsumeIntegralInRange(0, 2); i > 0; --i)
    bind.alpn.push_back(fuzz::text(from, "h2"));
  hostile.binds.push_back(bind);

  auto plain = hostile;
  plain.name = into.stand_in(hostile.name, "marker-frontend" + number);
  if (plain.default_backend)
    plain.default_backend = into.stand_in(*hostile.default_backend, "marker-backend" + number);
  auto& plain_bind = plain.binds.front();
  // Written in its canonical form, which is its own when it comes from here.
  if (const auto ip = model::canonical_ip(bind.address))
    plain_bind.address = into.stand_in(
        *ip, (ip->find(':') != std::string::npos ? "2001:db8::fade:" : "192.0.2.21") + number);
  if (bind.certificates)
    plain_bind.certificates = into.stand_in(*bind.certificates, "/marker-certificates" + number);
  for (std::size_t i = 0; i < bind.alpn.size(); ++i)
    plain_bind.alpn[i] = into.stand_in(bind.alpn[i], "marker-alpn" + number + std::to_string(i));
  into.hostile_frontends.push_back(hostile);
  into.plain_frontends.push_back(plain);
}

pair_of_settings settings(provider& from) {
  pair_of_settings made;
  made.hostile.config_file = fuzz::text(from, "/run/switchyard/haproxy.cfg");
  made.hostile.runtime_socket = fuzz::text(from, "/run/switchyard/haproxy.sock");
  made.plain = made.hostile;
  made.plain.runtime_socket = made.stand_in(made.hostile.runtime_socket, "/marker-socket");
  // Its name without the ending is what other files' names are made of.
  const std::string ending = made.hostile.config_file.ends_with(".cfg") ? ".cfg" : "";
  auto stem = made.hostile.config_file;
  stem.resize(stem.size() - ending.size());
  made.plain.config_file = made.stand_in(stem, "/marker-config") + ending;
  for (int i = from.ConsumeIntegralInRange(0, 2); i > 0; --i)
    add_frontend(from, std::to_string(i), made);
  if (!from.ConsumeBool()) return made;
  made.hostile.server_ca_file = fuzz::text(from, "/etc/ssl/ours.pem");
  made.plain.server_ca_file = made.stand_in(*made.hostile.server_ca_file, "/marker-authorities");
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  provider from(data, size);
  const auto made = settings(from);
  const auto head = haproxy::render_head(made.hostile, made.hostile_frontends, {});
  if (!head) {
    require(head.error().kind == base::errc::invalid && !head.error().message.empty(),
            "a refusal says why", head.error().message);
    return 0;
  }
  const auto plain = haproxy::render_head(made.plain, made.plain_frontends, {});
  require(bool(plain), "harmless settings can be rendered", plain ? "" : plain.error().message);
  fuzz::require_same_shape(*head, *plain, made.in_place_of);
  fuzz::require_plain_bytes(*head);
  // HAProxy splits addresses at commas and expands variables in them, whatever the quotes.
  require(made.hostile.runtime_socket.find_first_of(",$") == std::string::npos,
          "a socket is one address without a variable", *head);
  return 0;
}
