#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "tests/support/support.hpp"

namespace switchyard::tests {

namespace {

using clock_type = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

base::unique_fd listen_on(std::uint16_t port, const std::string& ip) {
  base::unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) fail("socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, ip.c_str(), &address.sin_addr) != 1) fail("inet_pton");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("bind");
  if (::listen(fd.get(), SOMAXCONN) != 0) fail("listen");
  return fd;
}

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return (a | 0x20) == (b | 0x20); }) != text.end();
}

/// One connection of a client: a request at a time, its answer due at a moment.
struct connection {
  base::unique_fd fd;
  std::string in;
  std::string out;
  clock_type::time_point due;
  bool answering = false;
  bool last = false;  ///< closes after the answer
};

std::string answer_to(std::string_view request, const std::string& name) {
  auto answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                std::to_string(name.size()) + "\r\n\r\n";
  if (!request.starts_with("HEAD ")) answer += name;
  return answer;
}

/// Begins the answer to the next whole request, if there is one.
void begin_answer(connection& c, const std::string& name, std::chrono::milliseconds delay) {
  const auto end = c.in.find("\r\n\r\n");
  if (end == std::string::npos) return;
  const auto request = std::string_view(c.in).substr(0, end);
  const auto first_line = request.substr(0, request.find('\r'));
  c.last = first_line.ends_with("HTTP/1.0") || contains_ignoring_case(request, "connection: close");
  c.out = answer_to(request, name);
  c.in.erase(0, end + 4);
  c.due = clock_type::now() + delay;
  c.answering = true;
}

}  // namespace

struct http_upstream::connections {
  base::unique_fd epoll;
  std::unordered_map<int, connection> open;
  std::set<int> busy;  ///< with a request, or with an answer that is not due yet

  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  }

  void accept_all(int listener) {
    for (;;) {
      base::unique_fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!fd) return;
      const int on = 1;
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(fd.get());
      const int number = fd.get();
      open[number].fd = std::move(fd);
    }
  }

  /// Appends what came. false: the client has gone.
  static bool receive(connection& c) {
    std::array<char, 16384> buffer;
    for (;;) {
      const auto n = ::recv(c.fd.get(), buffer.data(), buffer.size(), 0);
      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return false;
      if (n > 0) c.in.append(buffer.data(), static_cast<std::size_t>(n));
      if (n < static_cast<ssize_t>(buffer.size())) return true;
    }
  }

  enum class next { request, moment, nothing };  ///< what a connection waits for

  /// Answers what is due, pipelined requests one after the other. Answers are far smaller than a
  /// socket's buffer: one that does not fit at once means a client that reads nothing.
  static next proceed(connection& c, http_upstream& owner) {
    for (;;) {
      if (!c.answering) {
        begin_answer(c, owner.name_, std::chrono::milliseconds(owner.delay_.load()));
        if (!c.answering) return next::request;
        ++owner.requests_;
      }
      if (c.due > clock_type::now()) return next::moment;
      const auto n = ::send(c.fd.get(), c.out.data(), c.out.size(), MSG_NOSIGNAL);
      c.answering = false;
      if (n != static_cast<ssize_t>(c.out.size()) || c.last) return next::nothing;
    }
  }

  /// Handles what became readable. false: stop.
  bool take(int fd, const http_upstream& owner) {
    if (fd == owner.stop_.fd()) return false;
    if (fd == owner.listener_.get())
      accept_all(fd);
    else if (receive(open[fd]))
      busy.insert(fd);
    else
      forget(fd);
    return true;
  }

  void proceed_all(http_upstream& owner) {
    for (const int fd : std::exchange(busy, {})) {
      const auto waits_for = proceed(open[fd], owner);
      if (waits_for == next::moment) busy.insert(fd);
      if (waits_for == next::nothing) open.erase(fd);
    }
  }

  void forget(int fd) {
    busy.erase(fd);
    open.erase(fd);
  }
};

http_upstream::http_upstream(std::string name, std::uint16_t port, const std::string& address)
    : name_(std::move(name)),
      port_(port != 0 ? port : free_port()),
      listener_(listen_on(port_, address)),
      connections_(std::make_unique<connections>()) {
  connections_->epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!connections_->epoll) fail("epoll_create1");
  connections_->watch(listener_.get());
  connections_->watch(stop_.fd());
  thread_ = std::thread([this] { serve(); });
}

http_upstream::~http_upstream() {
  stop_.notify();
  thread_.join();
}

void http_upstream::serve() {
  std::array<epoll_event, 256> events;
  auto& all = *connections_;
  for (;;) {
    // A millisecond is fine enough for answers that were asked to be slow.
    const int n = ::epoll_wait(all.epoll.get(), events.data(), static_cast<int>(events.size()),
                               all.busy.empty() ? -1 : 1);
    for (int i = 0; i < n; ++i)
      if (!all.take(events.at(static_cast<std::size_t>(i)).data.fd, *this)) return;
    all.proceed_all(*this);
  }
}

}  // namespace switchyard::tests
