#pragma once

// What switchyard moves: servers, backends and routes, as plain values.
//
// A value of these types has passed model/document.hpp (or is built by code that keeps the same
// rules); whoever writes it to HAProxy still encodes it. Threading: values; shared ones are const.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::model {

enum class server_state { ready, drain, maint };
enum class proxy_mode { http, tcp };
enum class balance_algorithm { roundrobin, leastconn, random, source, uri };
enum class server_protocol { automatic, h1, h2 };  ///< "auto", "h1", "h2" in documents
enum class check_type { tcp, http, none };
enum class tls_verify { required, none };
enum class name_resolution { first, all };

/// The words of documents, settings and SQL: to_string gives the word, parse_* reads it
/// (nothing for a word that does not exist).
std::string_view to_string(server_state value);
std::string_view to_string(proxy_mode value);
std::string_view to_string(balance_algorithm value);
std::string_view to_string(server_protocol value);
std::string_view to_string(check_type value);
std::string_view to_string(tls_verify value);
std::string_view to_string(name_resolution value);

constexpr std::uint16_t max_weight = 256;  ///< HAProxy's limit (configuration manual, "weight")
constexpr std::size_t max_name = 128;

/// The longest name of a server to which an address can be appended ("-" and 45 characters).
constexpr std::size_t max_name_of_many = max_name - 46;

/// `[A-Za-z0-9_.:-]{1,128}`: what HAProxy takes as a proxy or server name.
bool valid_name(std::string_view name);

/// The canonical text of an IPv4 or IPv6 literal ("::1", no brackets, no zone, no prefix length);
/// nothing when `text` is none. "127.1" and the like are none.
std::optional<std::string> canonical_ip(std::string_view text);

/// One address and port that can take traffic.
struct server {
  std::string name;
  std::string address;  ///< an IP literal in canonical form; "" where `host` stands in its place
  std::uint16_t port = 0;
  std::uint16_t weight = 100;  ///< 0…256
  server_state state = server_state::ready;
  bool backup = false;
  std::uint32_t maxconn = 0;  ///< 0: no limit
  std::string host{};  ///< a host name, lower case, of which model/name_book.hpp makes addresses
  name_resolution resolve = name_resolution::first;  ///< which of them

  /// Whether it takes new traffic, as far as the source decides: ready, and with a weight.
  bool serves() const { return state == server_state::ready && weight > 0; }

  bool operator==(const server&) const = default;
};

struct tls_settings {
  bool enabled = false;
  tls_verify verify = tls_verify::required;
  std::optional<std::string> sni;

  bool operator==(const tls_settings&) const = default;
};

struct check_settings {
  check_type type = check_type::tcp;
  std::string path = "/";  ///< for http
  std::chrono::milliseconds interval{2000};
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;

  bool operator==(const check_settings&) const = default;
};

struct timeout_settings {
  std::optional<std::chrono::milliseconds> connect;
  std::optional<std::chrono::milliseconds> server;
  std::optional<std::chrono::milliseconds> tunnel;  ///< idle connections of mode tcp, WebSockets

  bool operator==(const timeout_settings&) const = default;
};

/// Cookie persistence: a client comes back to the server that answered it first.
struct sticky_settings {
  std::string cookie;  ///< the name of HAProxy's own cookie; see valid_cookie_name()

  bool operator==(const sticky_settings&) const = default;
};

/// What all servers of a backend share.
struct backend_settings {
  proxy_mode mode = proxy_mode::http;
  balance_algorithm balance = balance_algorithm::roundrobin;
  server_protocol protocol = server_protocol::automatic;
  tls_settings tls;
  check_settings check;
  timeout_settings timeouts;
  std::optional<sticky_settings> sticky;  ///< mode http only
  /// For a server that is added, enabled or up again to get from little traffic to its share.
  std::optional<std::chrono::milliseconds> slowstart;

  bool operator==(const backend_settings&) const = default;
};

/// A named set of servers with shared settings.
struct backend {
  std::string name;
  backend_settings settings;
  std::vector<server> servers;  ///< sorted by name, names unique

  /// The server of that name, or nullptr. O(log n).
  const server* find(std::string_view server_name) const;
  /// How many servers take new traffic. O(n).
  std::size_t serving() const;

  bool operator==(const backend&) const = default;
};

using backend_ptr = std::shared_ptr<const backend>;

/// 0 for none.
inline std::size_t serving_of(const backend_ptr& backend) {
  return backend ? backend->serving() : 0;
}

/// Sorts servers by name, the order that `backend::servers` promises.
void sort_servers(std::vector<server>& servers);

/// host and path → backend.
struct route {
  std::string host;  ///< lower case; exact, "*.example.com" (one label) or "" for any
  std::string path;  ///< a prefix by whole segments, "/" for any
  std::string backend;

  bool operator==(const route&) const = default;
  auto operator<=>(const route&) const = default;
};

}  // namespace switchyard::model
