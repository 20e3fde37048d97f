#include "tests/fuzz/hostile.hpp"

#include <array>
#include <chrono>
#include <limits>

namespace switchyard::fuzz {

namespace {

using namespace std::string_view_literals;
using std::chrono::milliseconds;

// What HAProxy's command line, its configuration and its files take as more than a letter.
constexpr std::array hostile_texts{";"sv,
                                   ";shutdown sessions server b/s"sv,
                                   "\n"sv,
                                   "\ndel server b/s"sv,
                                   "\nserver evil 192.0.2.66:80"sv,
                                   "\nbackend evil\n"sv,
                                   "\n    server evil 192.0.2.66:80"sv,
                                   "\r"sv,
                                   "\r\n"sv,
                                   " "sv,
                                   "  x"sv,
                                   "\t"sv,
                                   "\v"sv,
                                   "\0"sv,
                                   "\x7f"sv,
                                   "\x80"sv,
                                   "\xc3\xa4"sv,
                                   "\xe2\x80\xa8"sv,
                                   "<<"sv,
                                   " <<"sv,
                                   "<<\n"sv,
                                   "\\"sv,
                                   "\\ "sv,
                                   "\\n"sv,
                                   "\""sv,
                                   "'"sv,
                                   "' evil '"sv,
                                   "#"sv,
                                   " # "sv,
                                   "#0x1"sv,
                                   "@1"sv,
                                   "$HOME"sv,
                                   "${HOME}"sv,
                                   "\"${HOME}\""sv,
                                   "%[env(HOME)]"sv,
                                   ") -m found } or { always_true"sv,
                                   ","sv,
                                   "("sv,
                                   ")"sv,
                                   "/"sv,
                                   ".."sv,
                                   "//"sv,
                                   "|"sv,
                                   "`id`"sv,
                                   "*"sv,
                                   ""sv};

constexpr std::array hostile_addresses{"/var/run/docker.sock"sv,
                                       "127.1"sv,
                                       "0x7f000001"sv,
                                       "localhost"sv,
                                       "0.0.0.0"sv,
                                       "::"sv,
                                       "[::1]"sv,
                                       "::1%lo"sv,
                                       "10.0.0.1/8"sv,
                                       "10.0.0.1:80"sv,
                                       "unix@/x"sv,
                                       "fd@3"sv,
                                       "abns@x"sv,
                                       "10.0.0.1 weight 0"sv,
                                       "10.0.0.1\0x"sv,
                                       "010.0.0.1"sv,
                                       "::ffff:10.0.0.1"sv,
                                       "2001:DB8::1"sv,
                                       "2001:db8:0:0::1"sv,
                                       "ipv4@10.0.0.1"sv,
                                       "udp@10.0.0.1"sv,
                                       "+10.0.0.1"sv};

constexpr std::array plain_addresses{"10.0.0.1"sv, "2001:db8::1"sv, "192.0.2.255"sv};

template <class List>
std::string one_of(provider& from, const List& list) {
  return std::string(list[from.ConsumeIntegralInRange<std::size_t>(0, list.size() - 1)]);
}

/// Mostly as an operator would have it.
bool seldom(provider& from) {
  return from.ConsumeIntegralInRange<int>(0, 7) == 7;
}

std::string address(provider& from) {
  if (!seldom(from)) return one_of(from, plain_addresses);
  return from.ConsumeBool() ? one_of(from, hostile_addresses)
                            : text(from, one_of(from, plain_addresses));
}

milliseconds duration(provider& from) {
  return milliseconds(seldom(from) ? from.ConsumeIntegral<std::int64_t>()
                                   : from.ConsumeIntegralInRange<std::int64_t>(1, 100'000));
}

template <class Enum>
Enum value_up_to(provider& from, Enum last) {
  return static_cast<Enum>(from.ConsumeIntegralInRange<int>(0, static_cast<int>(last)));
}

std::uint32_t count(provider& from) {
  return seldom(from) ? from.ConsumeIntegral<std::uint32_t>()
                      : from.ConsumeIntegralInRange<std::uint32_t>(1, 100);
}

}  // namespace

std::string text(provider& from, std::string_view plain) {
  std::string value(plain);
  switch (from.ConsumeIntegralInRange<int>(0, 7)) {
    case 1:
      return from.ConsumeRandomLengthString(2048);
    case 2:
      return one_of(from, hostile_texts);
    case 3:
      value.insert(from.ConsumeIntegralInRange<std::size_t>(0, value.size()),
                   one_of(from, hostile_texts));
      return value;
    case 4:
      value.insert(from.ConsumeIntegralInRange<std::size_t>(0, value.size()),
                   from.ConsumeRandomLengthString(64));
      return value;
    default:
      return value;
  }
}

model::server server(provider& from, std::string_view plain_name) {
  model::server s;
  s.name = text(from, plain_name);
  s.address = address(from);
  s.port = seldom(from) ? from.ConsumeIntegral<std::uint16_t>() : std::uint16_t{8080};
  s.weight = seldom(from) ? from.ConsumeIntegral<std::uint16_t>()
                          : from.ConsumeIntegralInRange<std::uint16_t>(0, model::max_weight);
  s.state = value_up_to(from, model::server_state::maint);
  s.backup = from.ConsumeBool();
  s.maxconn = from.ConsumeBool() ? count(from) : 0;
  return s;
}

model::backend_settings settings(provider& from) {
  model::backend_settings s;
  s.mode = seldom(from) ? model::proxy_mode::tcp : model::proxy_mode::http;
  s.balance = value_up_to(from, model::balance_algorithm::uri);
  s.protocol = value_up_to(from, model::server_protocol::h2);
  s.tls.enabled = from.ConsumeBool();
  s.tls.verify = value_up_to(from, model::tls_verify::none);
  if (from.ConsumeBool()) s.tls.sni = text(from, "sni.example.com");
  s.check.type = value_up_to(from, model::check_type::none);
  s.check.path = text(from, "/healthz");
  s.check.interval = duration(from);
  s.check.rise = count(from);
  s.check.fall = count(from);
  if (from.ConsumeBool()) s.timeouts.connect = duration(from);
  if (from.ConsumeBool()) s.timeouts.server = duration(from);
  if (from.ConsumeBool()) s.slowstart = duration(from);
  return s;
}

model::backend backend(provider& from, std::string_view plain_name) {
  model::backend b{text(from, plain_name), settings(from), {}};
  constexpr std::array names{"s1"sv, "s2"sv, "s3"sv};
  const auto servers = from.ConsumeIntegralInRange<std::size_t>(0, names.size());
  for (std::size_t i = 0; i < servers; ++i) b.servers.push_back(server(from, names[i]));
  model::sort_servers(b.servers);
  if (from.ConsumeBool()) b.settings.sticky = model::sticky_settings{text(from, "SRV")};
  return b;
}

model::route route(provider& from) {
  constexpr std::array hosts{"a.example.com"sv, "*.example.com"sv, ""sv};
  constexpr std::array paths{"/"sv, "/v1"sv, "/v1/x"sv};
  constexpr std::array backends{"api"sv, "web"sv};
  return {text(from, one_of(from, hosts)), text(from, one_of(from, paths)),
          text(from, one_of(from, backends))};
}

}  // namespace switchyard::fuzz
