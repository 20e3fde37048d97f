#pragma once

// What HAProxy answers to `show …`, read into values. Pure: every function takes the reply's text.

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/outcome.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

/// One line of `show servers state`.
struct runtime_server {
  std::string address;
  std::uint16_t port = 0;
  std::uint16_t weight = 0;  ///< the effective user weight (srv_uweight)
  model::server_state state = model::server_state::ready;  ///< from srv_admin_state
  bool up = false;                                         ///< srv_op_state is not STOPPED
  bool check_off = false;  ///< it has a check that is switched off (srv_check_state)

  bool operator==(const runtime_server&) const = default;
};

using runtime_servers = std::map<std::string, runtime_server>;
/// Backend → its servers. Backends without servers do not appear in HAProxy's reply.
using runtime_view = std::map<std::string, runtime_servers>;

/// `show servers state [BACKEND]`. errc::not_found: HAProxy has no such backend; errc::protocol:
/// not a version 1 table, or a line too short. srv_admin_state (2.6 source, enum srv_admin):
/// 0x01|0x02|0x20 maintenance, 0x08|0x10 drain.
base::outcome<runtime_view> parse_servers_state(std::string_view reply);

/// `show info`.
struct process_info {
  std::string version;  ///< "2.6.12-1+deb12u4"
  pid_t pid = 0;
  bool stopping = false;
  std::uint64_t uptime_seconds = 0;  ///< since it was ready, or somewhat before (2.6)
  /// When it began to load its configuration, in whole seconds.
  std::chrono::system_clock::time_point started{};

  bool operator==(const process_info&) const = default;
};
base::outcome<process_info> parse_info(std::string_view reply);

/// `show servers conn BACKEND`: server → connections in use now (used_cur). Same errors.
base::outcome<std::map<std::string, std::uint64_t>> parse_servers_conn(std::string_view reply);

/// `show backend`: the names of all backends, an operator's own as well. errc::protocol.
base::outcome<std::set<std::string>> parse_backends(std::string_view reply);

/// What `show servers state` does not tell of a server.
struct server_limits {
  bool backup = false;
  std::uint32_t maxconn = 0;  ///< 0: no limit

  bool operator==(const server_limits&) const = default;
};
struct stat_view {
  std::map<std::string, std::map<std::string, server_limits>> servers;  ///< by backend
  std::set<std::string> unpublished;  ///< backends that take no traffic (HAProxy 3.4)
};
/// `show stat -1 6 -1` (the backends and servers of all proxies), its columns found by their names.
/// errc::protocol.
base::outcome<stat_view> parse_stat(std::string_view reply);

/// How a server, or a backend as a whole, fares.
struct live_figures {
  std::string status;          ///< "UP", "DOWN 1/2", "MAINT", "no check" …
  std::string check;           ///< the last check's result, "L4OK"; "" when there is none
  std::uint64_t sessions = 0;  ///< now
  std::uint64_t queued = 0;    ///< requests that wait now
  std::uint64_t total = 0;     ///< sessions so far

  bool operator==(const live_figures&) const = default;
};
struct live_backend {
  live_figures whole;
  std::map<std::string, live_figures> servers;
};
/// `show stat BACKEND 6 -1`. errc::protocol.
base::outcome<live_backend> parse_live(std::string_view reply);

/// How many servers and backends there are in each state, by HAProxy's own words in lower case and
/// without what it says besides: "up", "down", "maint", "drain", "nolb", "no check".
struct state_counts {
  std::map<std::string, std::uint64_t> servers;
  std::map<std::string, std::uint64_t> backends;

  bool operator==(const state_counts&) const = default;
};
/// `show stat -1 6 -1`. errc::protocol.
base::outcome<state_counts> count_states(std::string_view reply);

/// `show env NAME`: the value, "" when it is not set.
std::string parse_env(std::string_view reply, std::string_view name);

/// `show proc` of the master CLI.
struct master_process {
  pid_t master = 0;
  unsigned reloads = 0;  ///< the master's own count, refused reloads included
  /// Refused ones since the last that worked (3.2 and later say 1 for any number of them); 0 where
  /// HAProxy does not say.
  unsigned failed_reloads = 0;
  pid_t worker = 0;  ///< the current one, or the one that is starting; 0: none
  std::vector<pid_t> old_workers;

  bool lists(pid_t which) const {
    return which == worker ||
           std::find(old_workers.begin(), old_workers.end(), which) != old_workers.end();
  }
  bool operator==(const master_process&) const = default;
};
base::outcome<master_process> parse_proc(std::string_view reply);

}  // namespace switchyard::haproxy
