#include "tests/bench/polling_client.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace switchyard::tests::bench {

namespace {

/// Where the answer in `text` ends; npos while it is not whole.
std::size_t end_of_answer(std::string_view text) {
  const auto head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return head;
  // HAProxy writes this one in lower case and our upstream in title case.
  auto field = text.find("ontent-");
  while (field < head && (text[field + 7] | 0x20) != 'l') field = text.find("ontent-", field + 7);
  if (field >= head) throw std::runtime_error("an answer without a length");
  std::size_t length = 0;
  const auto at = text.find(' ', field) + 1;
  std::from_chars(text.data() + at, text.data() + text.size(), length);
  return text.size() < head + 4 + length ? std::string_view::npos : head + 4 + length;
}

}  // namespace

void polling_client::connect() {
  fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval longest{5, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("the frontend takes no connection");
}

/// One request; 0 when the connection was closed instead of an answer.
int polling_client::request() {
  if (!fd_) connect();
  constexpr std::string_view question = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
  ::send(fd_.get(), question.data(), question.size(), MSG_NOSIGNAL);
  std::string answer;
  std::array<char, 4096> buffer;
  do {
    const auto n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) {
      fd_.reset();
      return 0;
    }
    answer.append(buffer.data(), static_cast<std::size_t>(n));
  } while (end_of_answer(answer) == std::string::npos);
  int status = 0;
  if (answer.size() > 12) std::from_chars(answer.data() + 9, answer.data() + 12, status);
  return status;
}

polling_client::clock::time_point polling_client::wait_for(int status) {
  const base::deadline until(std::chrono::seconds(10));
  for (;;) {
    const auto got = request();
    const auto now = clock::now();
    if (got == status) return now;
    if (until.passed())
      throw std::runtime_error("waited for status " + std::to_string(status) + ", the last was " +
                               std::to_string(got));
    if (gap_.count() > 0) std::this_thread::sleep_for(gap_);
  }
}

}  // namespace switchyard::tests::bench
