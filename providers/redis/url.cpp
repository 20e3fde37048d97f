#include "providers/redis/url.hpp"

#include <algorithm>
#include <charconv>

#include "model/json_reader.hpp"

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;

constexpr std::uint16_t sentinel_port = 26379;

error bad(const std::string& what) {
  return {errc::invalid, what +
                             "; write redis://host:port/database, rediss://… for TLS, or "
                             "unix:///path/of/the/socket"};
}

error cluster(std::string_view what) {
  return {errc::invalid, std::string(what) + ", " + std::string(cluster_advice)};
}

/// redis-cluster:// and the like, as drivers of several languages write it.
bool names_cluster(std::string_view scheme) {
  return scheme.starts_with("redis") && scheme.ends_with("cluster");
}

/// "a:1,b:2" before the database, or several URLs in one text.
bool names_several(std::string_view text, std::string_view hosts) {
  return hosts.substr(0, hosts.find('/')).find(',') != std::string_view::npos ||
         text.find(",redis://") != std::string_view::npos ||
         text.find(",rediss://") != std::string_view::npos;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Nothing when a % begins no two hexadecimal digits, or stands for a null byte.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return {};
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || high + low == 0) return {};
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

template <class Number>
bool read_number(std::string_view text, Number& target) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), target);
  return failed == std::errc() && end == text.data() + text.size();
}

/// host, host:port, [v6] or [v6]:port. The port stays as it is when none is there.
bool read_host(std::string_view text, endpoint& target) {
  auto rest = text;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    target.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (rest.empty()) return true;
    if (rest.front() != ':') return false;
  } else {
    const auto colon = text.find(':');
    target.host = text.substr(0, colon);
    if (colon == std::string_view::npos) return true;
    rest = text.substr(colon);
  }
  std::uint16_t port = 0;
  if (!read_number(rest.substr(1), port) || port == 0) return false;
  target.port = port;
  return true;
}

base::status read_user(std::string_view text, location& target) {
  const auto colon = text.find(':');
  const auto name = percent_decoded(text.substr(0, colon));
  if (!name) return bad("the user's name is not percent-encoded rightly");
  target.username = *name;
  if (colon == std::string_view::npos) return {};
  target.password = percent_decoded(text.substr(colon + 1));
  if (!target.password) return bad("the password is not percent-encoded rightly");
  return {};
}

base::outcome<location> read_socket(std::string_view rest, location target) {
  constexpr std::string_view database = "db=";
  const auto question = rest.find('?');
  const auto path = percent_decoded(rest.substr(0, question));
  if (!path || !path->starts_with('/') || path->size() < 2)
    return bad("unix:// needs the absolute path of a socket");
  target.at.path = *path;
  if (question == std::string_view::npos) return target;
  const auto query = rest.substr(question + 1);
  if (!query.starts_with(database) || !read_number(query.substr(database.size()), target.database))
    return bad("after the socket's path only ?db=NUMBER may follow");
  return target;
}

base::outcome<location> read_network(std::string_view rest, location target) {
  const auto slash = rest.find('/');
  if (!read_host(rest.substr(0, slash), target.at)) return bad("host or port cannot be read");
  if (slash == std::string_view::npos || slash + 1 == rest.size()) return target;
  if (!read_number(rest.substr(slash + 1), target.database))
    return bad("what follows the host must be the number of a database");
  return target;
}

}  // namespace

base::outcome<location> parse_url(std::string_view text) {
  location target;
  const auto scheme_end = text.find("://");
  const auto scheme = text.substr(0, scheme_end);
  if (scheme_end != std::string_view::npos && names_cluster(scheme))
    return cluster("is the URL of a Redis Cluster");
  const bool known = scheme == "redis" || scheme == "rediss" || scheme == "unix";
  if (scheme_end == std::string_view::npos || !known) return bad("not a URL of Redis");
  if (std::ranges::any_of(text, [](unsigned char c) { return c <= 0x20 || c == 0x7f; }))
    return bad("blanks and control characters must be percent-encoded");
  target.at.tls = scheme == "rediss";
  auto rest = text.substr(scheme_end + 3);
  // A password with an @ of its own is common enough; a host has none.
  const auto at =
      rest.substr(0, scheme == "unix" ? std::string_view::npos : rest.rfind('/')).rfind('@');
  if (at != std::string_view::npos) {
    if (const auto read = read_user(rest.substr(0, at), target); !read) return read.error();
    rest.remove_prefix(at + 1);
  }
  if (scheme != "unix" && names_several(text, rest))
    return cluster("names several hosts, as a Redis Cluster has them");
  return scheme == "unix" ? read_socket(rest, std::move(target))
                          : read_network(rest, std::move(target));
}

base::outcome<endpoint> parse_sentinel(std::string_view text) {
  endpoint target;
  target.port = sentinel_port;
  const bool odd = std::ranges::any_of(
      text, [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '/' || c == '@'; });
  if (odd || !read_host(text, target) || target.host.empty())
    return error{errc::invalid,
                 "must be host:port such as \"10.0.0.1:26379\", not " + model::quoted(text)};
  return target;
}

std::string to_string(const endpoint& at) {
  if (!at.path.empty()) return at.path;
  const auto port = std::to_string(at.port);
  if (at.host.find(':') != std::string::npos) return "[" + at.host + "]:" + port;
  return at.host + ":" + port;
}

}  // namespace switchyard::providers::redis
