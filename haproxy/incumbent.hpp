#pragma once

// The HAProxy that we have met, told apart from another one on the same sockets.
//
// Whoever starts HAProxy a second time on the same paths takes the sockets' files, while the first
// one goes on with the traffic (with SO_REUSEPORT, with half of it) and has no file any more. The
// pid of its master stays through reloads, so it tells the two apart. Threading: free functions.

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/program.hpp"
#include "haproxy/replies.hpp"

namespace switchyard::haproxy {

/// Either is none when it is not known, such as in another process namespace.
struct incumbent {
  program master;
  program worker;
  bool unmet = false;  ///< an earlier run has kept it, and this one has not spoken to it

  /// What of it still runs: the master's pid, or the worker's where no master is known; 0: nothing.
  pid_t running() const;
};

/// errc::conflict, with both pids and the remedy: the master known before still runs, and it is
/// another one that answered `show proc`. One that was not met in this run has to make way for
/// another one that was started with -sf to replace it, and may be finishing its connections.
base::status same_master(const config::haproxy_settings& settings, const incumbent& known,
                         const master_process& answered);

/// Who a worker that answers is. errc::conflict, as above: it belongs to another HAProxy than the
/// one known before, which still runs, or than the one that we would reload (the master behind the
/// master socket, or the process in the pid file). What cannot be asked is not held against it.
base::outcome<incumbent> recognise(const config::haproxy_settings& settings, const incumbent& known,
                                   pid_t worker);

}  // namespace switchyard::haproxy
