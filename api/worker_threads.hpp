#pragma once

// Threads that do one job after the other, so that a job costs no start and no end of a thread:
// both hold up the whole process, since its memory is mapped anew for each stack.
//
// A job gets the thread that has been free for the shortest time, or a new one when none is free.
// A thread that is free for longer than `idle` ends. A new one begins with the priority of the
// thread that calls run() (sched(7)).
//
// Threading: run() and join_ended() from any threads; stop() and the destructor from one, while
// nobody calls run().

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace switchyard::api {

class worker_threads {
 public:
  using job = std::function<void()>;

  explicit worker_threads(std::chrono::milliseconds idle) : idle_(idle) {}
  /// As stop().
  ~worker_threads();
  worker_threads(const worker_threads&) = delete;
  worker_threads& operator=(const worker_threads&) = delete;

  /// Has `next` done at once. It must not throw. std::system_error, std::bad_alloc: there is no
  /// thread for it.
  void run(job next);
  /// Frees what threads that have ended still hold. To be called now and then.
  void join_ended();
  /// Waits for the jobs under way and ends all threads. run() may follow.
  void stop();

 private:
  struct worker {
    job next;
    std::condition_variable given;
    bool ended = false;
    std::thread thread;
  };
  void work(worker& self);

  std::chrono::milliseconds idle_;
  std::mutex mutex_;  // guards all that follow
  std::list<worker> all_;
  std::vector<worker*> free_;  // the one that has been free for the shortest time at the end
  bool stopping_ = false;
};

}  // namespace switchyard::api
