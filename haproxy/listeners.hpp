#pragma once

// Listening TCP sockets as /proc/net/tcp and tcp6 tell of them (proc(5)), and which of them share
// connections: where several bind one address with SO_REUSEPORT, Linux gives each a part.
//
// Pure. Threading: one thread.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/net.hpp"

namespace switchyard::haproxy {

using inode = std::uint64_t;

struct listening_socket {
  base::tcp_address address;  ///< "0.0.0.0" and "::" for all; IPv4 in IPv6 is IPv4
  haproxy::inode inode = 0;

  bool operator==(const listening_socket&) const = default;
};

/// Reads such a table piece by piece. The kernel lists listening sockets before the connections, of
/// which a proxy has very many, so they need not be read.
class listener_table {
 public:
  /// The next bytes; whether more of them could tell of further listeners.
  bool feed(std::string_view bytes);
  /// Lines that are none of a socket's are left out.
  const std::vector<listening_socket>& found() const { return found_; }

 private:
  bool take(std::string_view line);

  std::string rest_;  // of a line that is not complete
  bool ended_ = false;
  std::vector<listening_socket> found_;
};

/// Whether a connection may reach either of two listeners: the same port, and the same address or
/// all of its kind in one of them. Whether "::" takes IPv4 too the kernel does not tell there, so
/// it counts for IPv6 alone.
bool overlap(const base::tcp_address& a, const base::tcp_address& b);

/// Those of `all` that are not `ours`, and overlap with one that is.
std::vector<listening_socket> beside(const std::vector<listening_socket>& all,
                                     const std::set<inode>& ours);

}  // namespace switchyard::haproxy
