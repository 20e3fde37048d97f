#include "tests/support/dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace switchyard::tests {

namespace {

// RFC 1035, section 4.
constexpr std::size_t header_bytes = 12;
constexpr std::uint16_t type_a = 1;
constexpr std::uint16_t type_aaaa = 28;
constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t answer_flags = 0x8180;  // a recursive server's
constexpr std::uint16_t no_such_name = 3;
constexpr std::uint16_t cut_flag = 0x0200;

void put16(std::string& to, std::size_t value) {
  to += static_cast<char>((value >> 8U) & 0xffU);
  to += static_cast<char>(value & 0xffU);
}

/// The first question: its name in dots, and where it ends.
std::pair<std::string, std::size_t> name_in(const std::string& packet) {
  std::string name;
  auto at = header_bytes;
  while (at < packet.size() && packet[at] != 0) {
    const auto length = static_cast<unsigned char>(packet[at]);
    name += (name.empty() ? "" : ".") + packet.substr(at + 1, length);
    at += length + 1U;
  }
  return {name, at + 1};
}

/// The bytes of an address, for a question of that type; "" for the other family.
std::string bytes_of(const std::string& address, std::uint16_t type) {
  std::array<char, 16> bytes{};
  const bool v6 = address.find(':') != std::string::npos;
  if (v6 != (type == type_aaaa)) return "";
  if (::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) != 1)
    throw std::invalid_argument("no address: " + address);
  return {bytes.data(), v6 ? 16U : 4U};
}

}  // namespace

dns_server::dns_server() {
  bind_both();
  thread_ = std::thread([this] { serve(); });
}

/// The port is free for UDP, and with luck for TCP.
void dns_server::bind_both() {
  for (int tries = 0; tries < 20; ++tries) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* const generic = reinterpret_cast<sockaddr*>(&at);
    socket_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket_ || !listener_ || ::bind(socket_.get(), generic, size) != 0 ||
        ::getsockname(socket_.get(), generic, &size) != 0)
      break;
    port_ = ntohs(at.sin_port);
    if (::bind(listener_.get(), generic, size) == 0 && ::listen(listener_.get(), 16) == 0) return;
  }
  throw std::runtime_error("no sockets for a name server");
}

dns_server::~dns_server() {
  waker_.notify();
  thread_.join();
}

std::string dns_server::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void dns_server::set(const std::string& name, std::vector<std::string> addresses,
                     std::uint32_t ttl) {
  const std::lock_guard lock(mutex_);
  records_[name] = {std::move(addresses), ttl};
}

void dns_server::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  records_.erase(name);
}

void dns_server::cut_over_udp(std::size_t most, bool told) {
  const std::lock_guard lock(mutex_);
  most_over_udp_ = most;
  cut_is_told_ = told;
}

std::size_t dns_server::asked(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}

void dns_server::serve() {
  for (;;) {
    std::array<pollfd, 3> fds{
        {{waker_.fd(), POLLIN, 0}, {socket_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) serve_datagram();
    if (fds[2].revents != 0) serve_connection();
  }
}

void dns_server::serve_datagram() {
  std::string packet(512, '\0');
  sockaddr_in from{};
  socklen_t size = sizeof from;
  auto* const generic = reinterpret_cast<sockaddr*>(&from);
  const auto got = ::recvfrom(socket_.get(), packet.data(), packet.size(), 0, generic, &size);
  if (got < static_cast<ssize_t>(header_bytes)) return;
  packet.resize(static_cast<std::size_t>(got));
  std::unique_lock lock(mutex_);
  const auto most = most_over_udp_;
  const bool told = cut_is_told_;
  lock.unlock();
  const auto reply = answer(packet, most, told);
  if (!silent_) ::sendto(socket_.get(), reply.data(), reply.size(), 0, generic, size);
}

/// One question and its answer, each after its length (RFC 1035, section 4.2.2).
void dns_server::serve_connection() {
  const base::unique_fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client) return;
  const base::deadline until(std::chrono::seconds(2));
  std::string bytes;
  const auto octet = [&](std::size_t i) -> std::size_t {
    return static_cast<unsigned char>(bytes[i]);
  };
  const auto whole = [&] {
    return bytes.size() >= 2 && bytes.size() >= 2 + octet(0) * 256 + octet(1);
  };
  while (!whole()) {
    const auto ready = base::wait_readable(client.get(), until);
    std::array<char, 512> some{};
    const auto got = ready && *ready ? ::recv(client.get(), some.data(), some.size(), 0) : 0;
    if (got <= 0) return;
    bytes.append(some.data(), static_cast<std::size_t>(got));
  }
  ++over_tcp_;
  if (silent_) return;
  const auto reply = answer(bytes.substr(2), SIZE_MAX, false);
  std::string framed;
  put16(framed, reply.size());
  framed += reply;
  ::send(client.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
}

std::string dns_server::answer(const std::string& question, std::size_t most, bool told) {
  const auto [name, end] = name_in(question);
  const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(question.at(end + 1)));
  const std::lock_guard lock(mutex_);
  ++asked_[name];
  const auto found = records_.find(name);
  std::string answers;
  std::size_t count = 0;
  bool cut = false;
  if (found != records_.end())
    for (const auto& address : found->second.addresses) {
      const auto bytes = bytes_of(address, type);
      if (bytes.empty()) continue;
      if (count == most) {
        cut = told;
        break;
      }
      ++count;
      put16(answers, 0xc000U | header_bytes);  // the question's name
      put16(answers, type);
      put16(answers, class_in);
      put16(answers, found->second.ttl >> 16U);
      put16(answers, found->second.ttl);
      put16(answers, bytes.size());
      answers += bytes;
    }
  auto reply = question.substr(0, 2);
  put16(reply,
        answer_flags | (found == records_.end() ? no_such_name : 0U) | (cut ? cut_flag : 0U));
  put16(reply, 1);
  put16(reply, count);
  put16(reply, 0);
  put16(reply, 0);
  return reply + question.substr(header_bytes, end + 4 - header_bytes) + answers;
}

}  // namespace switchyard::tests
