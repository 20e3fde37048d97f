#pragma once

// How many requests a server takes at a time, and how those get on that wait in HAProxy's queues.
//
// HAProxy (2.6 to 3.4, process_srv_queue() in src/queue.c) takes requests out of a backend's queue
// only for a server that has a limit: it compares what the server serves with its maxconn, and 0 is
// no exception there. A server without one leaves them waiting until `timeout queue`, for a 503,
// however idle it is. They come into that queue while all servers are full, with balance random
// already when the one that was drawn is. So beside servers with a limit no server runs without
// one: it gets a limit that nothing reaches. And when a limited server leaves, another one is made
// to take what waits. Pure.

#include <cstdint>
#include <optional>
#include <vector>

#include "haproxy/planner.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

/// More requests than HAProxy has descriptors for, and few enough for its slowstart, which
/// multiplies the limit by up to 100 in 32 bits (srv_dynamic_maxconn()).
inline constexpr std::uint32_t no_limit = 10'000'000;

/// Whether a maxconn limits anything.
constexpr bool limits(std::uint32_t maxconn) {
  return maxconn > 0 && maxconn < no_limit;
}

/// The same of one that runs, of which that may not be known.
constexpr bool may_limit(const std::optional<std::uint32_t>& maxconn) {
  return !maxconn || limits(*maxconn);
}

/// Whether a server of the backend has a limit, as desired or as it runs.
bool has_limits(const model::backend& desired, const actual_backend& actual);

/// The maxconn that HAProxy is to be given for a desired one. `beside_limits`: has_limits().
constexpr std::uint32_t given_maxconn(std::uint32_t desired, bool beside_limits) {
  return desired == 0 && beside_limits ? no_limit : desired;
}

/// Whether two of them limit alike.
constexpr bool same_limit(std::uint32_t one, std::uint32_t other) {
  return one == other || (!limits(one) && !limits(other));
}

/// Whether a server that may have a limit runs and gets no new requests: some may wait for it.
bool rests_with_limit(const actual_backend& actual);

/// Whether the way to `desired` takes a server with a limit out of the rotation, or brings one back
/// into it that HAProxy does not make take what waits: from drain, or from weight 0. Only of one
/// that has_limits().
bool needs_relief(const model::backend& desired, const actual_backend& actual);

/// Makes servers that take new requests take what waits in the backend's queue, by giving them the
/// limit that they have. None where nobody takes any. `actual`: as it is then.
std::vector<step> plan_relief(const model::backend& desired, const actual_backend& actual);

}  // namespace switchyard::haproxy
