#pragma once

// Ends a blocking database call: at its deadline, or when the provider is stopped.
//
// libpqxx's calls block without a deadline of their own, and a server that hangs (a stopped
// process, a lost network) never answers. shutdown(2) of the socket makes such a call fail at once.
// Threading: one thread makes calls; the watchdog's own thread waits in poll(2) and costs nothing
// while no deadline passes.

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "base/fd.hpp"

namespace switchyard::providers::postgres {

class watchdog {
 public:
  /// Watches over calls on `socket`. `interrupt` may be null; it must outlive the watchdog.
  /// std::system_error: no descriptor is left.
  watchdog(int socket, const base::wakeup* interrupt);
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  /// One call: destroying it disarms.
  class guard {
   public:
    guard(watchdog& dog, std::chrono::milliseconds longest) : dog_(dog) { dog_.arm(longest); }
    ~guard() { dog_.disarm(); }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

   private:
    watchdog& dog_;
  };

  /// A deadline passed and the socket was shut down.
  bool timed_out() const { return timed_out_.load(); }
  /// A stop came during a call and the socket was shut down.
  bool interrupted() const { return interrupted_.load(); }

 private:
  void arm(std::chrono::milliseconds longest);
  void disarm();
  void run();
  void expired();
  void stop_call();

  // Our own: libpq closes its descriptor when the server is gone, and somebody else may have that
  // number then.
  base::unique_fd socket_;
  const base::wakeup* const interrupt_;
  base::unique_fd timer_;
  base::wakeup quit_;
  std::mutex mutex_;
  bool armed_ = false;  // guarded by mutex_
  std::atomic<bool> timed_out_{false};
  std::atomic<bool> interrupted_{false};
  std::thread thread_;
};

}  // namespace switchyard::providers::postgres
