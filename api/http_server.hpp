#pragma once

// The HTTP server of the API: accepts, bounds what clients may use, and answers by a router.
//
// cpp-httplib reads the request's head and writes the answer's; sockets, deadlines and limits are
// our own, since its server (0.11) has a deadline for each read only, a fixed pool that slow
// clients fill, and a backlog of 5. A connection has a thread of its own while it lasts (at most
// limits.connections, at low priority); when all are taken, or the system gives no more threads,
// the one that has waited longest for its client is closed, so that slow clients lock nobody out.
// Some 4 new clients are taken in 5 ms, so that a burst of them is no burst of work, and up to 16
// where others would be turned away.
//
// Threading: start() and stop() from one thread, handlers run on the connections' threads.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api/access.hpp"
#include "api/limits.hpp"
#include "api/listener.hpp"
#include "api/places.hpp"
#include "api/router.hpp"
#include "api/transport.hpp"
#include "api/worker_threads.hpp"
#include "base/fd.hpp"
#include "base/outcome.hpp"

namespace switchyard::api {

struct server_settings {
  std::string listen;  ///< "HOST:PORT" or "unix:/path"
  access_policy access;
  std::shared_ptr<tls_context> tls;  ///< nullptr: in the clear
  server_limits limits;
};

class http_server {
 public:
  /// `routes` must outlive the server.
  http_server(server_settings settings, const router& routes);
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// Binds and serves. errc::conflict: the address is in use; errc::refused, errc::unavailable,
  /// errc::io.
  base::status start();
  /// Ends all connections and removes a Unix socket. Waits for the handlers under way; an answer
  /// that its client has not taken 2 s later is cut.
  void stop();

 private:
  using clock = std::chrono::steady_clock;
  struct connection;
  void accept_loop();
  void wait_for_the_end(clock::duration longest);
  void admit(base::unique_fd client);
  void make_room();
  static void cut(connection& c);
  bool begin_answer(connection& c);
  void run(std::uint64_t id, connection& c);
  void serve(connection& c);
  void send_pieces(connection& c, const pieces& next);

  server_settings settings_;
  const router& routes_;
  listener listener_;
  base::wakeup stop_;
  std::atomic<bool> stopping_{false};
  places streams_{settings_.limits.streams};
  places large_bodies_{settings_.limits.large_bodies};
  paced_turn turn_{settings_.limits.rest};
  worker_threads threads_;
  std::mutex mutex_;  // guards the next one, and is held where a connection ends
  std::map<std::uint64_t, std::unique_ptr<connection>> connections_;
  std::condition_variable ended_;
  std::uint64_t next_id_ = 1;
  std::thread acceptor_;
};

}  // namespace switchyard::api
