#pragma once

// A number of places that requests share, and a turn that they take one after the other.
//
// Threading: any thread. Places and turns must not outlive the object that gave them.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace switchyard::api {

class places {
 public:
  explicit places(std::size_t most) : free_(most) {}

  /// One of them, which is given back with its last copy. nullptr: none came free within `longest`.
  std::shared_ptr<void> take(std::chrono::milliseconds longest);

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t free_;
};

/// One at a time, and for a part of the time only: after each turn nobody has one for `rest` times
/// as long as it took of the processor.
class paced_turn {
 public:
  explicit paced_turn(unsigned rest) : rest_(rest) {}

  /// As places::take(). A turn is begun and given back by the same thread.
  std::shared_ptr<void> take(std::chrono::milliseconds longest);

 private:
  using clock = std::chrono::steady_clock;

  std::mutex mutex_;
  std::condition_variable freed_;
  bool taken_ = false;
  clock::time_point next_{};  ///< when the next turn may begin
  unsigned rest_;
};

}  // namespace switchyard::api
