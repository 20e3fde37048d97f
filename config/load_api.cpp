// The section `api`.

#include <algorithm>

#include "base/net.hpp"
#include "config/reading.hpp"

namespace switchyard::config {

namespace {

using model::object_reader;

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t shortest_token = 16;
constexpr std::size_t longest_token = 512;

bool loopback(const std::string& host) {
  const auto ip = model::canonical_ip(host);
  return ip && (ip->starts_with("127.") || *ip == "::1");
}

/// "HOST:PORT", "unix:/path" (made absolute) or null for none.
void read_listen(object_reader& from, const reading& place, api_settings& target) {
  std::optional<std::string> text = target.listen;
  if (!from.read("listen", text)) return;
  target.listen = text.value_or("");
  if (!text) return;
  if (text->starts_with(unix_prefix) && text->size() > unix_prefix.size()) {
    const auto path = (place.folder / text->substr(unix_prefix.size())).lexically_normal().string();
    if (path.size() > longest_socket_path)
      from.fail("listen", "the path of a Unix socket has at most " +
                              std::to_string(longest_socket_path) + " bytes, not " +
                              std::to_string(path.size()) + ": " + model::quoted(path));
    target.listen = std::string(unix_prefix) + path;
    return;
  }
  if (!base::parse_address(*text))
    from.fail("listen",
              "must be an IP address and a port, such as 127.0.0.1:9090 or [::1]:9090, "
              "unix:/path for a Unix socket, or null for none; not " +
                  model::quoted(*text));
}

/// A token as RFC 6750 writes it, which needs no escaping in a header.
void read_token(object_reader& from, const reading& place, api_settings& target) {
  if (!read_path(from, "token_file", target.token_file, place) || !target.token_file) return;
  std::string token;
  if (!read_secret(from, "token_file", *target.token_file, "the token", token)) return;
  const auto plain = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("-._~+/=").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (token.size() < shortest_token || token.size() > longest_token ||
      !std::ranges::all_of(token, plain))
    return from.fail("token_file",
                     *target.token_file + " must hold one line of " +
                         std::to_string(shortest_token) + " to " + std::to_string(longest_token) +
                         " characters A-Z a-z 0-9 - . _ ~ + / =, such as `openssl rand -hex 32` "
                         "prints");
  target.token = std::move(token);
}

void read_hosts(object_reader& from, api_settings& target) {
  from.each("hosts", [&](const nlohmann::json& value, const std::string&) {
    auto name = value.is_string() ? value.get<std::string>() : std::string();
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!model::valid_name(name) || name.find(':') != std::string::npos)
      from.fail("hosts", "must be host names without ports, such as lb1.example.com; not " +
                             model::quoted(value.dump()));
    target.hosts.push_back(std::move(name));
  });
}

}  // namespace

void read_api(const nlohmann::json& value, const std::string& pointer, const reading& place,
              api_settings& target) {
  object_reader from(value, pointer, place.sink);
  read_listen(from, place, target);
  read_token(from, place, target);
  read_path(from, "certificate", target.certificate, place);
  read_path(from, "key", target.key, place);
  read_hosts(from, target);
  from.finish();
  if (!from.is_object()) return;
  if (target.certificate.has_value() != target.key.has_value())
    from.fail(target.certificate ? "certificate" : "key",
              "certificate and key belong together: give both or neither");
  const auto address = base::parse_address(target.listen);
  if (address && !loopback(address->host) && !target.token_file)
    from.fail("listen",
              "beyond loopback a token is required: set api.token_file, or listen on "
              "127.0.0.1, [::1] or a Unix socket; not " +
                  model::quoted(target.listen));
}

}  // namespace switchyard::config
