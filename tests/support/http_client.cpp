#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "tests/support/kept_client.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

namespace {

/// An answer, or status 0 and why there is none.
struct exchange_result {
  http_answer answer;
  std::string failure;
};

exchange_result failed(const char* step) {
  return {{}, std::string(step) + ": " + std::strerror(errno)};
}

bool connect_to(int fd, std::uint16_t port, const base::deadline& until) {
  // Closing with a reset leaves no TIME_WAIT: thousands of fresh connections a second would use up
  // the ephemeral ports.
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  if (errno != EINPROGRESS) return false;
  const auto writable = base::wait_writable(fd, until);
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
  errno = writable && *writable ? code : ETIMEDOUT;
  return errno == 0;
}

std::optional<std::size_t> content_length(std::string_view head) {
  std::string lower(head);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  constexpr std::string_view field = "\r\ncontent-length: ";
  const auto at = lower.find(field);
  if (at == std::string::npos) return std::nullopt;
  std::size_t length = 0;
  std::from_chars(lower.data() + at + field.size(), lower.data() + lower.size(), length);
  return length;
}

int status_of(std::string_view head) {
  int status = 0;
  if (head.starts_with("HTTP/1.") && head.size() >= 12)
    std::from_chars(head.data() + 9, head.data() + 12, status);
  return status;
}

/// The answer in `text`, if it is whole: by its length, or at the end of the connection.
std::optional<http_answer> whole_answer(const std::string& text, bool ended) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  const auto head = std::string_view(text).substr(0, end);
  const auto length = content_length(head);
  const auto body = text.size() - end - 4;
  if (length ? body < *length : !ended) return std::nullopt;
  return http_answer{status_of(head), text.substr(end + 4, length ? *length : body),
                     std::string(head)};
}

exchange_result receive(int fd, const base::deadline& until) {
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EAGAIN) {
      const auto readable = base::wait_readable(fd, until);
      if (!readable || !*readable)
        return {{}, "timed out after " + std::to_string(text.size()) + " bytes"};
      continue;
    }
    if (n < 0) return failed("recv");
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (auto answer = whole_answer(text, n == 0)) return {*std::move(answer), {}};
    if (n == 0) return {{}, "closed after " + std::to_string(text.size()) + " bytes"};
  }
}

bool send_all(int fd, std::string_view bytes, const base::deadline& until) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    if (bytes.empty()) break;
    const auto writable = base::wait_writable(fd, until);
    if (!writable || !*writable) return false;
  }
  return true;
}

exchange_result send_request(std::uint16_t port, const std::string& request,
                             std::chrono::milliseconds longest) {
  const base::deadline until(longest);
  const base::unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failed("socket");
  if (!connect_to(fd.get(), port, until)) return failed("connect");
  // Who is refused may have an answer all the same.
  if (!send_all(fd.get(), request, until) && errno != EPIPE) return failed("send");
  return receive(fd.get(), until);
}

exchange_result exchange(std::uint16_t port, std::string_view path, std::string_view host,
                         std::chrono::milliseconds longest, const std::string& fields = "") {
  const auto request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + std::string(host) +
                       "\r\nConnection: close\r\n" + fields + "\r\n";
  return send_request(port, request, longest);
}

}  // namespace

http_answer http_get(std::uint16_t port, std::string_view path, std::string_view host,
                     std::chrono::milliseconds longest, const std::string& fields) {
  return exchange(port, path, host, longest, fields).answer;
}

http_answer http_ask(std::uint16_t port, std::string_view method, std::string_view path,
                     const std::string& body, const std::string& fields,
                     std::chrono::milliseconds longest) {
  auto request = std::string(method) + " " + std::string(path) +
                 " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields;
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  if (!body.empty() && fields.find("Content-Type:") == std::string::npos)
    request += "Content-Type: application/json\r\n";
  return send_request(port, request + "\r\n" + body, longest).answer;
}

kept_client::kept_client(std::uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  if (!fd_ || !connect_to(fd_.get(), port, base::deadline(std::chrono::seconds(5))))
    throw std::runtime_error(failed("connect").failure);
}

http_answer kept_client::get(std::chrono::milliseconds longest) {
  const base::deadline until(longest);
  if (!send_all(fd_.get(), "GET / HTTP/1.1\r\nHost: test\r\n\r\n", until)) return {};
  return receive(fd_.get(), until).answer;
}

std::string name_in(const http_answer& answer) {
  return answer.status == 200 ? answer.body : "!" + std::to_string(answer.status);
}

std::vector<std::string> cookies_in(std::string_view head) {
  constexpr std::string_view field = "\r\nset-cookie: ";
  std::vector<std::string> all;
  for (auto at = head.find(field); at != std::string_view::npos; at = head.find(field, at + 1)) {
    const auto value = head.substr(at + field.size());
    all.emplace_back(value.substr(0, value.find('\r')));
  }
  return all;
}

std::map<std::string, int> sample(std::uint16_t port, int count) {
  std::map<std::string, int> result;
  for (int i = 0; i < count; ++i) ++result[name_in(http_get(port))];
  return result;
}

continuous_load::continuous_load(std::uint16_t port, unsigned clients,
                                 std::chrono::microseconds pause) {
  const auto client = [this, port, pause] {
    while (!stop_.load(std::memory_order_relaxed)) {
      const auto result = exchange(port, "/", "test", std::chrono::seconds(5));
      if (result.answer.status == 200) {
        ++answered_;
        if (pause.count() > 0) std::this_thread::sleep_for(pause);
        continue;
      }
      const std::lock_guard lock(mutex_);
      if (failed_++ == 0)
        first_failure_ = result.answer.status == 0
                             ? result.failure
                             : "status " + std::to_string(result.answer.status);
    }
  };
  for (unsigned i = 0; i < clients; ++i) threads_.emplace_back(client);
}

continuous_load::~continuous_load() {
  stop();
}

continuous_load::totals continuous_load::stop() {
  stop_ = true;
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  const std::lock_guard lock(mutex_);
  return {answered_.load(), failed_.load(), first_failure_};
}

}  // namespace switchyard::tests
