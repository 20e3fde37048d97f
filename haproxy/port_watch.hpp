#pragma once

// Who else listens on HAProxy's ports: another HAProxy with sockets of its own, say, which gets a
// part of the connections and none of the changes.
//
// /proc tells all listening sockets of the worker's network, and which of them HAProxy's processes
// (master, workers, old workers) have open. Where that cannot be read, which takes HAProxy's own
// user or root, nothing is known and nothing is told. Threading: one thread.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "haproxy/listeners.hpp"

namespace switchyard::haproxy {

/// Where HAProxy can be found in /proc. `master` 0: it runs without one; `worker` 0: it is in
/// another process namespace, or not known.
struct haproxy_processes {
  pid_t master = 0;
  pid_t worker = 0;
};

/// `master` (0: not known) and `worker`, as HAProxy tells them: numbers that mean nothing here
/// unless they are an HAProxy's, and parent and child.
haproxy_processes processes_of(const config::haproxy_settings& settings, pid_t master,
                               pid_t worker);

/// The listening sockets of a process' network; none when they cannot be read.
std::vector<listening_socket> listeners_of(pid_t pid);
/// All sockets that these processes and the master's other children have open; nothing when they
/// cannot all be read, or no worker is known. Costs about a microsecond a descriptor.
std::optional<std::set<inode>> sockets_of(const haproxy_processes& ours);
/// "haproxy, process 4711", as far as it can be seen who has the socket.
std::string holder_of(inode socket);

/// Decides which sockets are somebody else's. Pure: who has which is asked where it is not known.
class port_watch {
 public:
  using ask = std::function<std::optional<std::set<inode>>()>;

  using time_point = std::chrono::steady_clock::time_point;

  /// Between two looks. For one the kernel walks its table of all connections, which takes
  /// milliseconds where there are none (measured: 1.5 to 3 ms), and changes wait for it.
  static constexpr std::chrono::seconds usual_pause{60};
  /// The same after one that found a socket which is not ours.
  static constexpr std::chrono::seconds suspicious_pause{4};

  /// Whether it is time for a look.
  bool due(time_point now) const;
  /// There is a look now; the next one is due a pause later.
  void looked(time_point now) { looked_ = now; }

  /// Another worker: whose its sockets are is asked anew.
  void forget() { asked_ = false; }

  /// Those that are not ours, and were not the last time either: what a reload opens and closes
  /// may be seen between two hands. `asked` is called when a socket is new on our addresses; where
  /// it cannot tell, nothing is known.
  std::optional<std::vector<listening_socket>> look(const std::vector<listening_socket>& all,
                                                    const ask& asked);

 private:
  std::optional<time_point> looked_;
  bool asked_ = false;  ///< who has which, of this worker
  std::set<inode> ours_;
  std::set<inode> strange_;  ///< at the last look, and not ours
  std::set<inode> certain_;  ///< of them, those that are told
};

/// What an operator is told of them, in one sentence; "" when there are none. `holder` names who
/// has a socket.
std::string shared_ports(const std::vector<listening_socket>& others,
                         const std::function<std::string(inode)>& holder);

}  // namespace switchyard::haproxy
