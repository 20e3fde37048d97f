#include "actors/outlet.hpp"

#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace switchyard::actors {

namespace {

bool takes_bytes(int fd) {
  const auto ready = base::wait_writable(fd, base::deadline(std::chrono::milliseconds(0)));
  return ready && *ready;
}

}  // namespace

outlet::outlet(int fd) : fd_(fd) {
  struct stat what {};
  if (::fstat(fd, &what) != 0) return;
  is_socket_ = S_ISSOCK(what.st_mode);
  own_ = base::opened_not_to_wait(fd);
}

outlet::result outlet::write(std::string& text) {
  while (!text.empty()) {
    // One that may wait is written to where it takes a whole piece.
    if (!own_ && !is_socket_ && !takes_bytes(fd_)) return result::later;
    const auto size = std::min<std::size_t>(text.size(), PIPE_BUF);
    const auto n = is_socket_ ? ::send(fd_, text.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL)
                              : ::write(fd(), text.data(), size);
    if (n >= 0)
      text.erase(0, static_cast<std::size_t>(n));
    else if (errno == EAGAIN)
      return result::later;
    else if (errno == EPIPE || errno == EBADF || errno == ECONNRESET)
      return text.clear(), result::all;
    else if (errno != EINTR)
      return result::failed;
  }
  return result::all;
}

}  // namespace switchyard::actors
