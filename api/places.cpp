#include "api/places.hpp"

#include <algorithm>
#include <ctime>

namespace switchyard::api {

namespace {

std::chrono::nanoseconds used_by_this_thread() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

std::shared_ptr<void> places::take(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_for(lock, longest, [this] { return free_ > 0; })) return nullptr;
  --free_;
  lock.unlock();  // without memory the next line gives the place back at once
  return {this, [](places* from) {
            {
              const std::lock_guard give_back(from->mutex_);
              ++from->free_;
            }
            from->freed_.notify_one();
          }};
}

std::shared_ptr<void> paced_turn::take(std::chrono::milliseconds longest) {
  const auto until = clock::now() + longest;
  std::unique_lock lock(mutex_);
  // Two waits: that for the one before, and that for the rest after it, in which others may come.
  for (auto now = clock::now(); taken_ || now < next_; now = clock::now()) {
    if (now >= until) {
      freed_.notify_one();  // it may have been told that the turn is free, and nobody else
      return nullptr;
    }
    freed_.wait_until(lock, taken_ ? until : std::min(until, next_));
  }
  taken_ = true;
  lock.unlock();  // as above
  return {this, [begun = used_by_this_thread()](paced_turn* from) {
            {
              const std::lock_guard give_back(from->mutex_);
              from->taken_ = false;
              from->next_ = clock::now() + from->rest_ * (used_by_this_thread() - begun);
            }
            from->freed_.notify_one();
          }};
}

}  // namespace switchyard::api
