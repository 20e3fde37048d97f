#include "providers/postgres/watchdog.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace switchyard::providers::postgres {

namespace {

void set_timer(int fd, std::chrono::milliseconds longest) {
  itimerspec spec{};
  spec.it_value.tv_sec = longest.count() / 1000;
  spec.it_value.tv_nsec = longest.count() % 1000 * 1'000'000;
  ::timerfd_settime(fd, 0, &spec, nullptr);
}

}  // namespace

watchdog::watchdog(int socket, const base::wakeup* interrupt)
    : socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)),
      interrupt_(interrupt),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!socket_ || !timer_)
    throw std::system_error(errno, std::generic_category(), "no descriptor for a deadline");
  thread_ = std::thread([this] { run(); });
}

watchdog::~watchdog() {
  quit_.notify();
  thread_.join();
}

void watchdog::arm(std::chrono::milliseconds longest) {
  const std::scoped_lock lock(mutex_);
  armed_ = true;
  // The interrupt may have been notified before; its readiness wakes run() only once.
  if (interrupted_.load()) ::shutdown(socket_.get(), SHUT_RDWR);
  set_timer(timer_.get(), std::max(longest, std::chrono::milliseconds(1)));
}

void watchdog::disarm() {
  const std::scoped_lock lock(mutex_);
  armed_ = false;
  set_timer(timer_.get(), std::chrono::milliseconds(0));
}

void watchdog::expired() {
  const std::scoped_lock lock(mutex_);
  // Read under the lock: a timer that was disarmed or armed anew has nothing to read.
  std::uint64_t count = 0;
  if (::read(timer_.get(), &count, sizeof count) != sizeof count || !armed_) return;
  timed_out_.store(true);
  ::shutdown(socket_.get(), SHUT_RDWR);
}

void watchdog::stop_call() {
  const std::scoped_lock lock(mutex_);
  interrupted_.store(true);
  if (armed_) ::shutdown(socket_.get(), SHUT_RDWR);
}

void watchdog::run() {
  std::array<pollfd, 3> fds{{{quit_.fd(), POLLIN, 0},
                             {timer_.get(), POLLIN, 0},
                             {interrupt_ != nullptr ? interrupt_->fd() : -1, POLLIN, 0}}};
  for (;;) {
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) expired();
    if (fds[2].revents == 0) continue;
    stop_call();
    fds[2].fd = -1;  // it stays readable
  }
}

}  // namespace switchyard::providers::postgres
