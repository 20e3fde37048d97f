#include "tests/haproxy/fake_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace switchyard::tests {

using std::chrono::milliseconds;

fake_socket::fake_socket(const std::string& path, int queue)
    : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), queue) != 0)
    throw std::system_error(errno, std::generic_category(), path);
}

base::unique_fd fake_socket::accept() const {
  const auto ready = base::wait_readable(listener_.get(), base::deadline(std::chrono::seconds(10)));
  if (!ready || !*ready) throw std::runtime_error("nobody connects");
  return base::unique_fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

std::string read_lines(int fd, int count, milliseconds quiet) {
  std::string text;
  std::array<char, 4096> buffer;
  while (std::count(text.begin(), text.end(), '\n') < count) {
    const auto ready = base::wait_readable(fd, base::deadline(quiet));
    if (!ready || !*ready) break;
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0) throw std::system_error(errno, std::generic_category(), "send");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

line_server::line_server(const std::string& path, std::function<std::string(std::string)> answer)
    : socket_(path), answer_(std::move(answer)), thread_([this] { serve(); }) {}

line_server::~line_server() {
  stop_.notify();
  thread_.join();
}

void line_server::serve() {
  for (;;) {
    const auto why = base::wait_either(socket_.fd(), stop_, std::chrono::hours(1));
    if (!why || *why != base::woken::readable) return;
    const auto connection = socket_.accept();
    auto line = read_lines(connection.get(), 1);
    while (line.ends_with('\n')) line.pop_back();
    const auto text = answer_(line);
    ::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
}

}  // namespace switchyard::tests
