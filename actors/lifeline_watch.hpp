#pragma once

// Tells at once when the HAProxy that we talk to is gone.
//
// A thread waits on a duplicate of the gateway's lifeline. Threading: watch() from one thread; the
// callback runs on the watch's own thread, at most once for each generation.

#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "base/fd.hpp"

namespace switchyard::actors {

class lifeline_watch {
 public:
  using callback = std::function<void(std::uint64_t generation)>;

  explicit lifeline_watch(callback ended);
  ~lifeline_watch();
  lifeline_watch(const lifeline_watch&) = delete;
  lifeline_watch& operator=(const lifeline_watch&) = delete;

  /// Watches `fd` (-1: nothing) from now on, if `generation` is another one than before. Where the
  /// system has no descriptor for that, the next call with this generation tries again.
  void watch(int fd, std::uint64_t generation);

 private:
  void run();

  callback ended_;
  base::wakeup changed_;
  std::mutex mutex_;
  base::unique_fd next_;  // guarded by mutex_, like the two below
  std::uint64_t generation_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace switchyard::actors
