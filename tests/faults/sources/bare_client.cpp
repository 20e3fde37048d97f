#include "tests/faults/sources/bare_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace switchyard::tests {

bare_client::bare_client(std::uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::system_error(errno, std::generic_category(), "connect");
}

void bare_client::say(std::string_view text) const {
  // Who hears it no more is found out by hear().
  static_cast<void>(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL));
}

std::string bare_client::hear(std::string_view last) {
  const base::deadline until(std::chrono::seconds(10));
  std::array<char, 65536> buffer;
  while (last.empty() || text_.find(last) == std::string::npos) {
    const auto readable = base::wait_readable(fd_.get(), until);
    if (!readable || !*readable)
      throw std::runtime_error("bare_client: nothing more than \"" + text_ + "\" came");
    const auto n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    text_.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text_;
}

}  // namespace switchyard::tests
