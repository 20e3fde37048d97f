#pragma once

// Ownership of file descriptors, waiting with deadlines, and a way to wake a waiter.

#include <chrono>
#include <optional>
#include <utility>

#include "base/outcome.hpp"

namespace switchyard::base {

/// Owns one descriptor and closes it. Not shared between threads.
class unique_fd {
 public:
  unique_fd() = default;
  explicit unique_fd(int fd) : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~unique_fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// A moment by which something must have happened.
class deadline {
 public:
  using clock = std::chrono::steady_clock;

  explicit deadline(clock::duration from_now) : at_(clock::now() + from_now) {}

  bool passed() const { return clock::now() >= at_; }
  /// What is left, never negative, rounded up to a whole millisecond (as poll(2) wants it).
  std::chrono::milliseconds left() const;

 private:
  clock::time_point at_;
};

/// Wakes a thread that waits in poll(2): an eventfd. notify() and clear() may be called from any
/// thread, notify() also from a signal handler.
class wakeup {
 public:
  wakeup();  // throws std::system_error when the system has no descriptor left

  void notify() noexcept;
  /// Takes back all notifications so far.
  void clear() noexcept;
  int fd() const { return fd_.get(); }

 private:
  unique_fd fd_;
};

/// The pipe or terminal behind `fd`, opened once more to be written to without waiting, so that
/// other programs that share `fd` find it as it was. None for a file, which never waits, and where
/// that cannot be: a socket, a terminal of another user.
unique_fd opened_not_to_wait(int fd);

/// Waits until `fd` is readable (or closed by the other side). false: the deadline passed.
/// A failing poll(2) is reported as errc::io.
outcome<bool> wait_readable(int fd, const deadline& until);

/// Waits until `fd` takes bytes. false: the deadline passed.
outcome<bool> wait_writable(int fd, const deadline& until);

/// Waits until `fd` is readable or `wake` was notified, at most `longest`.
enum class woken { readable, notified, timeout };
outcome<woken> wait_either(int fd, const wakeup& wake, std::chrono::milliseconds longest);

}  // namespace switchyard::base
