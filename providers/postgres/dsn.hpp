#pragma once

// What of a DSN matters here beyond libpq itself: its hosts, how long each may take, its secrets.
//
// libpq looks up the names of hosts in a way that blocks for as long as the system's resolver
// takes. So they are looked up here, and libpq gets addresses beside them (hostaddr); the name
// still stands for the certificate, Kerberos and the password file. Threading: none; every function
// may be called from any thread.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "base/resolver.hpp"

namespace switchyard::providers::postgres {

/// One of the hosts, or lists of them; empty parts leave what the DSN says.
struct dsn_host {
  std::string name;
  std::string address;
  std::string port;
};

struct dsn_facts {
  std::chrono::milliseconds each_address{5000};  ///< connect_timeout, 5 s where it is not set
  std::vector<std::string> hosts;      ///< these three are lists of the same length, or empty,
  std::vector<std::string> addresses;  ///< but that one port may stand for all hosts; an empty
  std::vector<std::string> ports;      ///< address is for libpq to look up
  std::vector<std::string> secrets;    ///< what no message may have
  /// Hosts or addresses may come from a service file or the environment.
  bool from_service = false;
  bool resolved = false;  ///< the lists are another view of the hosts than the DSN's

  /// How many hosts there are to try, at least one.
  std::size_t count() const;
  dsn_host nth(std::size_t n) const;
  /// All of them, as libpq takes lists.
  dsn_host all() const;
};

/// errc::invalid: libpq cannot read it. The error never repeats any of it.
base::outcome<dsn_facts> read_dsn(const std::string& dsn,
                                  const std::optional<std::string>& password);

/// Puts an entry for each address of a name in its place, in the order of preference. Left to libpq
/// are sockets and addresses, a DSN with hostaddr or a service, and names that the name servers do
/// not know (nsswitch.conf may have other sources). A name for which no server answers within
/// connect_timeout is left out as long as there are others: errc::timeout. errc::unavailable:
/// `interrupt` (may be null) was notified; errc::io: no thread or descriptor is left.
base::status resolve_hosts(dsn_facts& dsn, const base::resolver::options& names,
                           const base::wakeup* interrupt);

}  // namespace switchyard::providers::postgres
