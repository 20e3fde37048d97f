#pragma once

// Reads what a managed HAProxy says of itself, and hands it to the log.
//
// On a thread of its own, so that HAProxy's pipe is empty whatever the writer is at. Threading: one
// thread, the writer's.

#include <mutex>
#include <string>
#include <thread>

#include "actors/observer.hpp"
#include "base/fd.hpp"
#include "haproxy/messages.hpp"

namespace switchyard::actors {

class message_reader {
 public:
  /// Begins with what HAProxy has said while nobody read. Where the pipe cannot be had the log says
  /// so, once, and HAProxy's words go past us to standard error.
  message_reader(std::string config_file, observer_ptr seen_by);
  /// Reads what is there first.
  ~message_reader();
  message_reader(const message_reader&) = delete;
  message_reader& operator=(const message_reader&) = delete;

  /// HAProxy may have been started on a new pipe, in place of one that was removed: reads from that
  /// one then, after what is left in the one before.
  void look();

 private:
  void open();
  void run();
  void drain(int fd);
  void relay(const std::vector<haproxy::message>& said);

  const std::string config_file_;
  const observer_ptr seen_by_;
  haproxy::message_lines lines_;  // the thread's
  bool told_ = false;             // that it cannot be had
  base::wakeup changed_;
  std::mutex mutex_;
  base::unique_fd next_;  // guarded by mutex_, like the next two
  base::unique_fd fd_;    // read by the thread without it, which alone changes it
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace switchyard::actors
