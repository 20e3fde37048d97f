#pragma once

// How the running HAProxy has one backend, or all of them in figures, read at this moment on a
// conversation of its own: the writer's goes on meanwhile.
//
// Threading: any thread. Blocks at most a few seconds.

#include <sys/types.h>

#include <string>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/replies.hpp"

namespace switchyard::haproxy {

struct seen_backend {
  runtime_servers servers;
  live_backend live;
};

/// errc::not_found: it has none of that name; errc::unavailable, errc::timeout, errc::protocol: it
/// cannot be asked. Where the runtime socket's file is gone the worker is reached through its
/// master
/// (`worker`, 0: not known).
base::outcome<seen_backend> look_at(const config::haproxy_settings& settings, pid_t worker,
                                    const std::string& backend);

struct seen_figures {
  std::string version;
  state_counts states;
};
/// Of everything that the running HAProxy has, an operator's own as well. Costs it about 10 µs a
/// server. Same errors but errc::not_found.
base::outcome<seen_figures> look_at_figures(const config::haproxy_settings& settings, pid_t worker);

}  // namespace switchyard::haproxy
