#include "actors/lifeline_watch.hpp"

#include <fcntl.h>

#include <chrono>
#include <utility>

namespace switchyard::actors {

namespace {

constexpr std::chrono::milliseconds respite{100};  // when nothing can be waited for

}  // namespace

lifeline_watch::lifeline_watch(callback ended)
    : ended_(std::move(ended)), thread_([this] { run(); }) {}

lifeline_watch::~lifeline_watch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify();
  thread_.join();
}

void lifeline_watch::watch(int fd, std::uint64_t generation) {
  {
    const std::lock_guard lock(mutex_);
    if (generation == generation_) return;
    base::unique_fd duplicate(fd < 0 ? -1 : ::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    // No descriptor is left: it is tried again with the next call.
    if (fd >= 0 && !duplicate) return;
    generation_ = generation;
    next_ = std::move(duplicate);
  }
  changed_.notify();
}

void lifeline_watch::run() {
  base::unique_fd fd;
  std::uint64_t generation = 0;
  for (;;) {
    // A descriptor that never becomes readable stands for "nothing to watch".
    const auto what =
        base::wait_either(fd ? fd.get() : changed_.fd(), changed_, std::chrono::hours(1));
    if (!what) std::this_thread::sleep_for(respite);
    if (!what || *what == base::woken::timeout) continue;
    if (*what == base::woken::notified) {
      changed_.clear();
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      // A second notice of the same one has no descriptor any more.
      if (generation == generation_) continue;
      fd = std::move(next_);
      generation = generation_;
      continue;
    }
    fd.reset();
    ended_(generation);
  }
}

}  // namespace switchyard::actors
