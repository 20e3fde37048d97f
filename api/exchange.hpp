#pragma once

// One request and its answer on a connection, with cpp-httplib for HTTP's grammar. Inside of
// http_server.
//
// Threading: the connection's thread.

#include <functional>
#include <memory>

#include "api/access.hpp"
#include "api/limits.hpp"
#include "api/router.hpp"
#include "api/transport.hpp"

namespace switchyard::api {

/// What the exchanges of a connection share. Everything outlives them.
struct exchange_setting {
  const access_policy& access;
  const router& routes;
  const server_limits& limits;
  /// The request is read: now the client waits for us. false: it is gone.
  std::function<bool()> busy;
  /// Asked before a long-lived answer: its place, which is given back with the last copy of it;
  /// nullptr: all are taken.
  std::function<std::shared_ptr<void>()> take_place;
  /// Likewise before a body is read past limits.large_body_bytes; waits for one.
  std::function<std::shared_ptr<void>()> take_large_body;
  /// Waits until the body may be made out; nullptr: it did not come to that in time.
  std::function<std::shared_ptr<void>()> take_turn;
};

struct exchange_result {
  bool keep = false;  ///< the connection can take another request
  pieces stream;      ///< what is to follow on the connection; holds its place
};

/// Waits for a request, at most limits.idle for its first byte, and answers it. `last`: the client
/// is told that the connection ends.
exchange_result answer_one(transport& with, const exchange_setting& setting, bool last);

}  // namespace switchyard::api
