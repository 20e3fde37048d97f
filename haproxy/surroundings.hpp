#pragma once

// What the gateway touches outside of itself: HAProxy's sockets and processes, and files.
//
// All of it goes through here, so that the very same gateway can act on the real thing or rehearse
// on a picture of it (haproxy/rehearsal.hpp). Apart from this it reads the operator's own files
// (base_file, server_ca_file, certificates) and the process table, and runs `haproxy -c`.
// Threading: one thread. Calls block as those they stand for.

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/addresses.hpp"
#include "haproxy/capabilities.hpp"
#include "haproxy/incumbent.hpp"
#include "haproxy/master.hpp"
#include "haproxy/reach.hpp"

namespace switchyard::haproxy {

class surroundings {
 public:
  using settings = config::haproxy_settings;

  virtual ~surroundings() = default;
  surroundings(const surroundings&) = delete;
  surroundings& operator=(const surroundings&) = delete;

  // -- the HAProxy that runs: the functions of the same names in reach, incumbent and master --
  virtual base::outcome<way> reach_worker(const settings& s, const incumbent& known) = 0;
  virtual base::outcome<incumbent> recognise(const settings& s, const incumbent& known,
                                             pid_t worker) = 0;
  virtual base::outcome<master_process> show_proc(const std::string& master_socket) = 0;
  virtual base::outcome<master_process> find_master(const settings& s, const incumbent& known,
                                                    pid_t worker) = 0;
  virtual base::outcome<reload_result> reload(const settings& s, const capabilities& can) = 0;
  /// By a signal to the master of ours that runs (managed).
  virtual base::outcome<reload_result> reload_by_signal(const settings& s, pid_t old_worker) = 0;
  /// New addresses that cannot be had (haproxy/addresses.hpp).
  virtual std::vector<lost_bind> lost_binds(const settings& s,
                                            const std::vector<config::frontend_settings>& frontends,
                                            const std::string& loaded_head) = 0;

  // -- the HAProxy that is ours to start (managed): haproxy/process.hpp --
  virtual base::status ensure_running(std::chrono::milliseconds longest) = 0;
  virtual bool alive() = 0;
  virtual pid_t master_pid() const = 0;
  virtual std::string last_end() const = 0;
  virtual base::status reloadable() = 0;
  virtual void stop(std::chrono::milliseconds grace) = 0;

  /// Where our own files lie.
  virtual base::files& files() = 0;

  /// Notified when what is done is of no use any more: `haproxy -c` is killed then. nullptr: never.
  virtual const base::wakeup* interrupt() const { return nullptr; }

 protected:
  surroundings() = default;
};

/// The real ones.
std::unique_ptr<surroundings> real_surroundings(const config::haproxy_settings& settings);

}  // namespace switchyard::haproxy
