#include "api/worker_threads.hpp"

#include <utility>

namespace switchyard::api {

worker_threads::~worker_threads() {
  stop();
}

void worker_threads::run(job next) {
  const std::lock_guard lock(mutex_);
  if (!free_.empty()) {
    auto& chosen = *free_.back();
    free_.pop_back();
    chosen.next = std::move(next);
    chosen.given.notify_one();
    return;
  }
  free_.reserve(all_.size() + 1);  // so that a thread that becomes free needs no memory
  auto& fresh = all_.emplace_back();
  fresh.next = std::move(next);
  try {
    fresh.thread = std::thread([this, &fresh] { work(fresh); });
  } catch (...) {
    all_.pop_back();
    throw;
  }
}

void worker_threads::work(worker& self) {
  std::unique_lock lock(mutex_);
  while (self.next) {
    {
      const auto now = std::exchange(self.next, nullptr);
      lock.unlock();
      now();
    }
    lock.lock();
    if (stopping_) break;
    free_.push_back(&self);
    self.given.wait_for(lock, idle_, [&] { return self.next || stopping_; });
    if (!self.next) std::erase(free_, &self);
  }
  self.ended = true;
}

void worker_threads::join_ended() {
  std::list<worker> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto w = all_.begin(); w != all_.end();) {
      const auto here = w++;
      if (here->ended) ended.splice(ended.end(), all_, here);
    }
  }
  for (auto& w : ended) w.thread.join();
}

void worker_threads::stop() {
  std::list<worker> rest;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    rest.splice(rest.end(), all_);
    for (auto& w : rest) w.given.notify_one();
  }
  for (auto& w : rest) w.thread.join();
  stopping_ = false;
}

}  // namespace switchyard::api
