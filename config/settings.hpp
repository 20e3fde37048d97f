#pragma once

// The operator's settings as typed values, every default in one place.
//
// Plain values; read by config/load.hpp, checked there. Durations are milliseconds throughout.
// The names are those of the YAML file (docs/settings.md).

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/backend.hpp"
#include "model/guard_rules.hpp"

namespace switchyard::config {

using std::chrono::milliseconds;

enum class haproxy_mode {
  managed,   ///< switchyard starts HAProxy and watches over it
  attached,  ///< somebody else runs it; switchyard uses its sockets
};

std::string_view to_string(haproxy_mode value);

struct reload_settings {
  milliseconds min_interval{2000};
  std::uint32_t max_old_workers = 4;
  milliseconds hard_stop_after{60'000};
  std::vector<std::string> command{};  ///< attached mode: asks for a reload; empty: sockets do

  bool operator==(const reload_settings&) const = default;
};

struct haproxy_settings {
  haproxy_mode mode = haproxy_mode::managed;
  std::string binary = "haproxy";  ///< a path, or a name looked up in PATH; "" when there is none
  std::string config_file = "/var/lib/switchyard/haproxy.cfg";
  std::optional<std::string> base_file;
  std::string runtime_socket = "/run/switchyard/haproxy.sock";
  std::optional<std::string>
      master_socket;  ///< default in managed mode: master.sock beside the runtime socket
  std::optional<std::string> pid_file;        ///< attached mode without a master socket
  std::optional<std::string> server_ca_file;  ///< for verifying servers; the system's when not set
  reload_settings reload;

  bool operator==(const haproxy_settings&) const = default;
};

struct bind_settings {
  std::string address = "*";  ///< an IP literal, or "*" for every IPv4 address
  std::uint16_t port = 0;
  std::optional<std::string> certificates;  ///< file or folder; makes the bind TLS
  std::vector<std::string> alpn{
      "h2", "http/1.1"};  ///< used when the bind is TLS; none in mode tcp unless given

  bool operator==(const bind_settings&) const = default;
};

struct frontend_settings {
  std::string name;
  model::proxy_mode mode = model::proxy_mode::http;  ///< that of the backends that it leads to
  std::vector<bind_settings> binds;
  /// May appear later; until then 503, or in mode tcp a connection that is closed at once. There
  /// always in mode tcp, which follows no routes.
  std::optional<std::string> default_backend;
  bool redirect_to_https = false;  ///< mode http only

  bool operator==(const frontend_settings&) const = default;
};

/// `queries:` of a postgres provider: the operator's own tables instead of switchyard's schema.
/// A query gives one row a server with the columns of docs/providers/postgres.md.
struct postgres_queries {
  std::string all;                    ///< no parameter
  std::string backends;               ///< $1: text[] of backend names
  std::optional<std::string> routes;  ///< no parameter; columns host, path, backend

  bool operator==(const postgres_queries&) const = default;
};

struct postgres_settings {
  std::string dsn;  ///< a libpq connection string or URI; from dsn_file when that is given
  std::optional<std::string> dsn_file;
  std::optional<std::string> password_file;
  std::string schema = "public";
  std::string channel = "switchyard";
  bool listen = true;
  milliseconds resync{60'000};   ///< full read, also when nothing was notified
  milliseconds interval{5'000};  ///< between reads when listen is false
  milliseconds heartbeat{5'000};
  milliseconds query_timeout{10'000};
  std::optional<postgres_queries> queries;
  std::uint32_t max_bytes = 64U << 20U;  ///< of the rows of one read
  std::uint32_t max_depth = 32;          ///< of objects and lists in one another, in one column

  bool operator==(const postgres_settings&) const = default;
};

struct file_settings {
  std::string path;  ///< a JSON or YAML file, or a folder of such files
  milliseconds resync{60'000};
  std::uint32_t max_bytes = 64U << 20U;  ///< of all files together
  std::uint32_t max_depth = 32;          ///< of objects and lists in one another

  bool operator==(const file_settings&) const = default;
};

/// How a redis provider learns of changes.
enum class redis_notifications {
  automatic,  ///< "auto": by keyspace notifications, switched on if they are not; else by reading
  assumed,    ///< "assume": by keyspace notifications, which are on though nobody may ask
  off,        ///< "off": by reading everything every `interval`
};

std::string_view to_string(redis_notifications value);

struct redis_settings {
  std::string url = "redis://127.0.0.1:6379/0";
  std::optional<std::string> username;
  std::optional<std::string> password_file;
  std::optional<std::string> ca_file;           ///< TLS; the system's authorities when not set
  std::optional<std::string> certificate_file;  ///< TLS, our own
  std::optional<std::string> key_file;          ///< of certificate_file, when it is not in there
  std::vector<std::string> sentinels;           ///< "host:port"; who is the master is asked there
  std::string master;                           ///< its name among the sentinels
  std::optional<std::string> sentinel_username;
  std::optional<std::string> sentinel_password_file;
  std::string prefix = "switchyard:";
  redis_notifications notifications = redis_notifications::automatic;
  milliseconds resync{60'000};   ///< full read, also when no event came
  milliseconds interval{5'000};  ///< between full reads where events cannot be relied on
  milliseconds heartbeat{1'000};
  milliseconds timeout{5'000};           ///< of connecting, and of each answer
  std::uint32_t max_bytes = 64U << 20U;  ///< of the values of one read
  std::uint32_t max_depth = 32;          ///< of objects and lists in one another, in one value

  bool operator==(const redis_settings&) const = default;
};

/// How a rest provider waits for changes.
enum class rest_long_poll {
  off,     ///< it asks every interval
  consul,  ///< it asks for what is past X-Consul-Index, and the answer comes when something is
};

std::string_view to_string(rest_long_poll value);

struct rest_settings {
  std::vector<std::string> urls;  ///< http://…, https://…, unix:/path/of/socket:/path; at least one
  std::string transform = ".";  ///< a jq program: from an answer to the document
  milliseconds interval{10'000};
  rest_long_poll long_poll = rest_long_poll::off;
  milliseconds wait{300'000};            ///< how long a long poll may take at the source
  milliseconds connect_timeout{5'000};   ///< with name resolution and TLS
  milliseconds request_timeout{10'000};  ///< of one request, connecting included
  milliseconds timeout{30'000};          ///< of one URL's answer, redirects included
  milliseconds transform_timeout{5'000};
  std::uint32_t max_bytes = 16U << 20U;  ///< of an answer, unpacked
  std::uint32_t max_depth = 32;          ///< of objects and lists in one another, transformed
  std::uint32_t max_redirects = 0;
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> header_files;  ///< name → the file with its value
  std::optional<std::string> token_file;            ///< Authorization: Bearer
  std::optional<std::string> username;
  std::optional<std::string> password_file;
  std::optional<std::string> proxy;    ///< http://, https://, socks5h://; none from the environment
  std::optional<std::string> ca_file;  ///< the system's authorities when not set
  std::optional<std::string> certificate_file;  ///< our own
  std::optional<std::string> key_file;          ///< of certificate_file, when it is not in there

  bool operator==(const rest_settings&) const = default;
};

/// A command that prints the document.
struct exec_settings {
  std::vector<std::string> command;  ///< argv, no shell; command[0]: a path, or a name for PATH
  std::map<std::string, std::string> environment;  ///< added to PATH and LANG; nothing of ours
  milliseconds interval{30'000};                   ///< from the end of a run to the next one
  milliseconds timeout{10'000};                    ///< its whole process group is killed then
  std::uint32_t max_bytes = 16U << 20U;            ///< it is killed when it prints more
  std::uint32_t max_depth = 32;                    ///< of objects and lists in one another

  bool operator==(const exec_settings&) const = default;
};

/// The provider that is changed through the API.
struct memory_settings {
  std::string file;  ///< where its backends are kept: memory-NAME.json in state_dir

  bool operator==(const memory_settings&) const = default;
};

/// One entry under `providers:`.
struct provider_settings {
  std::string name;
  std::variant<postgres_settings, file_settings, redis_settings, rest_settings, exec_settings,
               memory_settings>
      source;
  std::uint32_t max_objects = 200'000;  ///< backends, servers and routes; 0: no limit

  bool operator==(const provider_settings&) const = default;
};

/// The word of `type`: "postgres", "file".
std::string_view type_of(const provider_settings& provider);

struct reconcile_settings {
  milliseconds interval{5000};

  bool operator==(const reconcile_settings&) const = default;
};

struct api_settings {
  std::string listen = "127.0.0.1:9090";   ///< "IP:PORT", "unix:/path", or "" for no API
  std::optional<std::string> token_file;   ///< required beyond loopback and Unix sockets
  std::optional<std::string> token;        ///< what token_file held when the settings were read
  std::optional<std::string> certificate;  ///< PEM, with its chain; makes the API TLS
  std::optional<std::string> key;          ///< PEM, the certificate's private key
  std::vector<std::string> hosts;          ///< further names it is asked by, lower case

  bool operator==(const api_settings&) const = default;
};

enum class address_family { any, ipv4, ipv6 };

std::string_view to_string(address_family value);

/// How host names of servers become addresses.
struct resolver_settings {
  std::vector<std::string> servers;  ///< "IP" or "IP:PORT", none: those of /etc/resolv.conf
  milliseconds interval{10'000};     ///< the longest time between two look-ups of a name
  milliseconds timeout{2'000};       ///< of one question to one server
  address_family family = address_family::any;
  bool tcp = false;                    ///< ask by TCP at once, not only where UDP was too short
  milliseconds hold_obsolete{30'000};  ///< how long an address must be missing before it leaves

  bool operator==(const resolver_settings&) const = default;
};

enum class log_level { trace, debug, info, warn, error };
enum class log_format { text, json };

std::string_view to_string(log_level value);
/// Nothing: there is no level of that name.
std::optional<log_level> log_level_of(std::string_view word);
std::string_view to_string(log_format value);

struct log_settings {
  log_level level = log_level::info;
  log_format format = log_format::text;

  bool operator==(const log_settings&) const = default;
};

struct settings {
  haproxy_settings haproxy;
  std::vector<frontend_settings> frontends;
  std::vector<provider_settings> providers;  ///< by precedence
  std::set<std::string> merge;  ///< backends that have the servers of all providers naming them
  reconcile_settings reconcile;
  std::uint32_t event_buffer = 100;
  model::guard_rules guard;
  milliseconds drain_timeout{30'000};
  resolver_settings resolver;
  api_settings api;
  log_settings log;
  std::string state_dir = "/var/lib/switchyard";

  bool operator==(const settings&) const = default;
};

/// The names of all providers, by precedence.
std::vector<std::string> provider_names(const settings& of);

}  // namespace switchyard::config
