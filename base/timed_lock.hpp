#pragma once

// A mutex that is waited for with a deadline.
//
// std::timed_mutex would be that as well, but it locks by pthread_mutex_clocklock, which the
// ThreadSanitizer of g++ 12 does not know: it takes every unlock for one too many.
// Threading: any thread.

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace switchyard::base {

/// For std::unique_lock(mutex, longest).
class timed_lock {
 public:
  bool try_lock_for(std::chrono::milliseconds longest) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, longest, [this] { return !taken_; })) return false;
    taken_ = true;
    return true;
  }
  void lock() {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return !taken_; });
    taken_ = true;
  }
  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      taken_ = false;
    }
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  bool taken_ = false;
};

}  // namespace switchyard::base
