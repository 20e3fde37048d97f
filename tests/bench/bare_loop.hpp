#pragma once

// What switchyard is measured against: the shortest program that brings a change into HAProxy.
//
// It waits for a notification, reads what that names by one question, and sends the commands down
// one runtime socket that it keeps. No reading back, no check of the worker, no file: it is wrong
// after the first reload, and the floor for everything that is not. Runs a thread of its own from
// construction to destruction.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "tests/bench/bare_haproxy.hpp"

namespace switchyard::tests::bench {

/// The near end of a bare loop. Used by its thread alone; failures are thrown as
/// std::runtime_error.
class bare_source {
 public:
  virtual ~bare_source() = default;

  /// Readable when notifications may have come.
  virtual int socket() const = 0;
  /// The names of the servers that they are about, without waiting.
  virtual std::vector<std::string> notifications() = 0;
  /// "address:port" of a server, "" when it is gone.
  virtual std::string read(const std::string& server) = 0;
};

class bare_loop {
 public:
  /// Throws std::runtime_error when HAProxy is away.
  bare_loop(std::unique_ptr<bare_source> source, const std::string& runtime_socket,
            std::string backend);
  ~bare_loop();
  bare_loop(const bare_loop&) = delete;
  bare_loop& operator=(const bare_loop&) = delete;

 private:
  void run();
  void follow(const std::string& server);

  std::unique_ptr<bare_source> source_;
  bare_haproxy haproxy_;
  base::wakeup stop_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace switchyard::tests::bench
