#include "base/net.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace switchyard::base {

namespace {

/// The socket address in `storage`; 0 when the host is no IP literal.
socklen_t fill(const tcp_address& address, sockaddr_storage& storage) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  const auto host = address.host == "*" ? std::string("0.0.0.0") : address.host;
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    return sizeof(sockaddr_in);
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return 0;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(address.port);
  return sizeof(sockaddr_in6);
}

error bind_error(const tcp_address& address, int cause) {
  const auto where = to_string(address);
  switch (cause) {
    case EADDRINUSE:
      return {errc::conflict, where + " is in use by another program"};
    case EACCES:
      return {errc::refused, where + " may not be bound by this user"};
    case EADDRNOTAVAIL:
      return {errc::unavailable, where + " is no address of this machine"};
    default:
      return {errc::io, where + " cannot be bound: " + std::strerror(cause)};
  }
}

}  // namespace

outcome<tcp_address> parse_address(std::string_view text) {
  const error bad{errc::invalid, "'" + std::string(text.substr(0, 80)) +
                                     "' is no address; write IP:PORT, for example 127.0.0.1:9090"};
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return bad;
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  tcp_address result;
  const auto [end, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
  if (failed != std::errc() || end != digits.data() + digits.size() || result.port == 0) return bad;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  result.host = std::string(host);
  sockaddr_storage storage{};
  if (fill(result, storage) == 0 || bracketed != (storage.ss_family == AF_INET6)) return bad;
  return result;
}

std::string to_string(const tcp_address& address) {
  const auto port = std::to_string(address.port);
  if (address.host.find(':') != std::string::npos) return "[" + address.host + "]:" + port;
  return address.host + ":" + port;
}

std::string bind_remedy(errc kind) {
  switch (kind) {
    case errc::conflict:
      return "end that program (`ss -ltnp` shows it) or choose another port";
    case errc::refused:
      return "choose a port from 1024 on, or allow lower ones: AmbientCapabilities="
             "CAP_NET_BIND_SERVICE in the systemd unit, or sysctl "
             "net.ipv4.ip_unprivileged_port_start";
    case errc::unavailable:
      return "choose an address that `ip addr` shows, or \"*\"; for one that moves between "
             "machines set sysctl net.ipv4.ip_nonlocal_bind=1 (net.ipv6 for IPv6)";
    default:
      return "choose another address";
  }
}

outcome<unique_fd> reserve(const tcp_address& address, any_ipv6 any) {
  sockaddr_storage storage{};
  const auto length = fill(address, storage);
  if (length == 0) return error{errc::invalid, "'" + address.host + "' is no IP address"};
  // Connections of an earlier listener in TIME_WAIT do not count as somebody having the address.
  // But of two sockets that both allow reuse Linux lets both bind as long as none listens, so that
  // comes second.
  int cause = 0;
  for (const int reuse : {0, 1}) {
    unique_fd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return bind_error(address, errno);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    const int on = 1;
    if (storage.ss_family == AF_INET6 && any == any_ipv6::alone)
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0) return fd;
    cause = errno;
    if (cause != EADDRINUSE) break;
  }
  return bind_error(address, cause);
}

}  // namespace switchyard::base
