#include "actors/log_queue.hpp"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/fd.hpp"

namespace switchyard::actors {

namespace {

/// The thread looks this often whether it is to end while nothing can be written.
constexpr std::chrono::milliseconds patience{100};

bool takes_bytes(int fd, std::chrono::milliseconds longest) {
  const auto ready = base::wait_writable(fd, base::deadline(longest));
  return ready && *ready;
}

}  // namespace

class log_queue::lines {
 public:
  lines(int fd, gap_line tell) : fd_(fd), tell_(std::move(tell)) {}

  void put(std::string line) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() && dropped_ == 0 && write(line)) return;
    bytes_ += line.size();
    waiting_.push_back(std::move(line));
    while (bytes_ > most_bytes && waiting_.size() > 1) drop_oldest();
    changed_.notify_all();
  }

  bool wait_until_empty() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, longest_end, [this] { return done(); });
  }

  void end() {
    std::unique_lock lock(mutex_);
    end_by_ = std::chrono::steady_clock::now() + longest_end;
    ending_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, longest_end + patience, [this] { return ended_; });
  }

  /// The thread.
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return !done() || ending_; });
      if (done() || (ending_ && std::chrono::steady_clock::now() >= end_by_)) break;
      lock.unlock();
      takes_bytes(fd_, patience);
      lock.lock();
      write_waiting();
    }
    ended_ = true;
    changed_.notify_all();
  }

 private:
  bool done() const { return waiting_.empty() && dropped_ == 0; }

  void drop_oldest() {
    const auto oldest = waiting_.begin() + (begun_ ? 1 : 0);
    bytes_ -= oldest->size();
    waiting_.erase(oldest);
    ++dropped_;
  }

  void write_waiting() {
    while (!done()) {
      if (dropped_ > 0 && !begun_) {
        waiting_.push_front(tell_(std::exchange(dropped_, 0)));
        bytes_ += waiting_.front().size();
      }
      auto& line = waiting_.front();
      bytes_ -= line.size();
      if (!write(line)) {
        bytes_ += line.size();
        return;
      }
      waiting_.pop_front();
    }
    changed_.notify_all();
  }

  /// Whether all of the line is written; else `line` is what is left of it.
  bool write(std::string& line) {
    while (!line.empty()) {
      if (!takes_bytes(fd_, std::chrono::milliseconds(0))) return false;
      const auto n = ::write(fd_, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return false;
      if (n < 0) break;  // nobody will ever read it
      line.erase(0, static_cast<std::size_t>(n));
      begun_ = !line.empty();
    }
    begun_ = false;
    return true;
  }

  const int fd_;
  const gap_line tell_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::size_t bytes_ = 0;    // of those
  std::size_t dropped_ = 0;  // since the last that was written
  bool begun_ = false;       // a part of the first one is written
  bool ending_ = false;
  bool ended_ = false;
  std::chrono::steady_clock::time_point end_by_;
};

log_queue::log_queue(int fd, gap_line tell) : lines_(std::make_shared<lines>(fd, std::move(tell))) {
  std::thread([lines = lines_] { lines->run(); }).detach();
}

log_queue::~log_queue() {
  lines_->end();
}

void log_queue::put(std::string line) {
  lines_->put(std::move(line));
}

void log_queue::flush() {
  lines_->wait_until_empty();
}

}  // namespace switchyard::actors
