#pragma once

// What switchyard is measured against: the shortest program that brings a row into HAProxy.
//
// It LISTENs, reads the row that the payload names by one prepared query, and sends the commands
// down one runtime socket that it keeps. No reading back, no check of the worker, no file: it is
// wrong after the first reload, and the floor for everything that is not. Runs a thread of its own
// from construction to destruction.

#include <atomic>
#include <string>
#include <thread>

#include "base/fd.hpp"
#include "tests/bench/database_session.hpp"

namespace switchyard::tests::bench {

class bare_loop {
 public:
  /// The tables and triggers that it reads; a payload is a server's name.
  static std::string schema_sql();

  /// Throws std::runtime_error when either end is away.
  bare_loop(const std::string& dsn, const std::string& runtime_socket, std::string backend);
  ~bare_loop();
  bare_loop(const bare_loop&) = delete;
  bare_loop& operator=(const bare_loop&) = delete;

 private:
  void run();
  void follow(const std::string& server);
  /// Sends the lines at once and waits for as many prompts.
  std::string command(const std::string& lines, std::size_t count);
  void remove(const std::string& name);

  database_session database_;
  base::unique_fd socket_;
  std::string backend_;
  base::wakeup stop_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace switchyard::tests::bench
