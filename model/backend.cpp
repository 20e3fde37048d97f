#include "model/backend.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace switchyard::model {

namespace {

bool name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == ':' || c == '-';
}

}  // namespace

std::string_view to_string(server_state value) {
  switch (value) {
    case server_state::ready:
      return "ready";
    case server_state::drain:
      return "drain";
    case server_state::maint:
      return "maint";
  }
  return "";
}

std::string_view to_string(proxy_mode value) {
  switch (value) {
    case proxy_mode::http:
      return "http";
    case proxy_mode::tcp:
      return "tcp";
  }
  return "";
}

std::string_view to_string(balance_algorithm value) {
  switch (value) {
    case balance_algorithm::roundrobin:
      return "roundrobin";
    case balance_algorithm::leastconn:
      return "leastconn";
    case balance_algorithm::random:
      return "random";
    case balance_algorithm::source:
      return "source";
    case balance_algorithm::uri:
      return "uri";
  }
  return "";
}

std::string_view to_string(server_protocol value) {
  switch (value) {
    case server_protocol::automatic:
      return "auto";
    case server_protocol::h1:
      return "h1";
    case server_protocol::h2:
      return "h2";
  }
  return "";
}

std::string_view to_string(check_type value) {
  switch (value) {
    case check_type::tcp:
      return "tcp";
    case check_type::http:
      return "http";
    case check_type::none:
      return "none";
  }
  return "";
}

std::string_view to_string(tls_verify value) {
  switch (value) {
    case tls_verify::required:
      return "required";
    case tls_verify::none:
      return "none";
  }
  return "";
}

std::string_view to_string(name_resolution value) {
  switch (value) {
    case name_resolution::first:
      return "first";
    case name_resolution::all:
      return "all";
  }
  return "";
}

bool valid_name(std::string_view name) {
  return !name.empty() && name.size() <= max_name && std::ranges::all_of(name, name_character);
}

std::optional<std::string> canonical_ip(std::string_view text) {
  // inet_pton reads up to the first NUL: "10.0.0.1\0x" must not pass as "10.0.0.1".
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return {};
  const std::string literal(text);
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, literal.c_str(), bytes.data()) != 1) continue;
    ::inet_ntop(family, bytes.data(), canonical.data(), canonical.size());
    return std::string(canonical.data());
  }
  return {};
}

const server* backend::find(std::string_view server_name) const {
  const auto at = std::ranges::lower_bound(servers, server_name, {}, &server::name);
  return at != servers.end() && at->name == server_name ? &*at : nullptr;
}

std::size_t backend::serving() const {
  return static_cast<std::size_t>(std::ranges::count_if(servers, &server::serves));
}

void sort_servers(std::vector<server>& servers) {
  std::ranges::sort(servers, {}, &server::name);
}

}  // namespace switchyard::model
