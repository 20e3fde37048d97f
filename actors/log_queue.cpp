#include "actors/log_queue.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "actors/outlet.hpp"
#include "base/fd.hpp"

namespace switchyard::actors {

namespace {

/// The thread looks this often whether it is to end, or can write, while nothing is taken.
constexpr std::chrono::milliseconds patience{100};

}  // namespace

class log_queue::lines {
 public:
  lines(int fd, gap_line tell) : out_(fd), tell_(std::move(tell)) {}

  void put(std::string line) {
    const std::lock_guard lock(mutex_);
    if (done()) {
      const auto size = line.size();
      const auto came = out_.write(line);
      if (came == outlet::result::all) return;
      begun_ = line.size() < size;
      if (came == outlet::result::failed) line.clear(), lose();
    }
    if (!line.empty()) keep(std::move(line));
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
      static_cast<void>(base::wait_writable(out_.fd(), base::deadline(patience)));
      lock.lock();
      // One that fails, or says that it takes bytes and takes none, would keep the thread busy.
      if (!write_waiting()) changed_.wait_for(lock, patience, [this] { return done(); });
    }
    ended_ = true;
    changed_.notify_all();
  }

 private:
  bool done() const { return waiting_.empty() && dropped_ == 0; }

  void keep(std::string line) {
    bytes_ += line.size();
    waiting_.push_back(std::move(line));
    while (bytes_ > most_bytes && waiting_.size() > 1) {
      const auto oldest = waiting_.begin() + (begun_ ? 1 : 0);
      bytes_ -= oldest->size();
      waiting_.erase(oldest);
      ++dropped_;
    }
  }

  /// A line that could not be written, perhaps all but its begin.
  void lose() {
    ++dropped_;
    torn_ = torn_ || std::exchange(begun_, false);
  }

  /// Whether all is written, or a part of what is next; else nothing is taken now.
  bool write_waiting() {
    while (!done()) {
      if (dropped_ > 0 && !begun_) {
        if (!tell_of_gap()) return false;
        continue;
      }
      auto& line = waiting_.front();
      const auto size = line.size();
      const auto came = out_.write(line);
      const bool some = line.size() < size;
      bytes_ -= came == outlet::result::failed ? size : size - line.size();
      begun_ = came != outlet::result::all && (begun_ || some);
      if (came == outlet::result::later) return some;
      waiting_.pop_front();
      if (came == outlet::result::failed) return lose(), false;
    }
    changed_.notify_all();
    return true;
  }

  /// Whether it is written. The number is given once it can be: more may be dropped until then.
  bool tell_of_gap() {
    auto gap = (torn_ ? "\n" : "") + tell_(dropped_);
    const auto size = gap.size();
    const auto came = out_.write(gap);
    if (gap.size() == size) return false;
    torn_ = came == outlet::result::failed;
    if (torn_) return false;
    dropped_ = 0;
    if (came == outlet::result::all) return true;
    begun_ = true;
    bytes_ += gap.size();
    waiting_.push_front(std::move(gap));
    return false;
  }

  outlet out_;
  const gap_line tell_;
  std::mutex mutex_;  // guards all below, and out_
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::size_t bytes_ = 0;    // of those
  std::size_t dropped_ = 0;  // since the last that was written
  bool begun_ = false;       // a part of the first one is written
  bool torn_ = false;        // a part of one that is lost was written last
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
