#include "base/fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string>
#include <system_error>

namespace switchyard::base {

namespace {

int poll_timeout(std::chrono::milliseconds wait) {
  return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, INT_MAX));
}

error poll_error() {
  return {errc::io, std::string("poll: ") + std::strerror(errno)};
}

outcome<bool> wait_for(int fd, short events, const deadline& until) {
  for (;;) {
    pollfd p{fd, events, 0};
    const int n = ::poll(&p, 1, poll_timeout(until.left()));
    if (n > 0) return true;
    if (n == 0) return false;
    if (errno != EINTR) return poll_error();
  }
}

}  // namespace

void unique_fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

std::chrono::milliseconds deadline::left() const {
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(at_ - clock::now());
  return std::max(rest, std::chrono::milliseconds(0));
}

wakeup::wakeup() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void wakeup::notify() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(fd_.get(), &one, sizeof one);
}

void wakeup::clear() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto n = ::read(fd_.get(), &count, sizeof count);
}

unique_fd opened_not_to_wait(int fd) {
  struct stat what {};
  if (::fstat(fd, &what) != 0 || (!S_ISFIFO(what.st_mode) && !S_ISCHR(what.st_mode))) return {};
  return unique_fd(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(),
                          O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

outcome<bool> wait_readable(int fd, const deadline& until) {
  return wait_for(fd, POLLIN, until);
}

outcome<bool> wait_writable(int fd, const deadline& until) {
  return wait_for(fd, POLLOUT, until);
}

outcome<woken> wait_either(int fd, const wakeup& wake, std::chrono::milliseconds longest) {
  const deadline until(longest);
  for (;;) {
    std::array<pollfd, 2> fds{{{wake.fd(), POLLIN, 0}, {fd, POLLIN, 0}}};
    const int n = ::poll(fds.data(), fds.size(), poll_timeout(until.left()));
    if (n == 0) return woken::timeout;
    if (n > 0) return fds[0].revents != 0 ? woken::notified : woken::readable;
    if (errno != EINTR) return poll_error();
  }
}

}  // namespace switchyard::base
