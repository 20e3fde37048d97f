#pragma once

// Opening a database session so that a stop can interrupt it and every wait ends.
//
// This is plain libpq, because libpqxx 6 and 7 connect in different ways and both block in them.
// Threading: none; every function may be called from any thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "base/resolver.hpp"

struct pg_conn;  // libpq's PGconn

namespace switchyard::providers::postgres {

struct connect_settings {
  std::string dsn;                      ///< a libpq connection string or URI
  std::optional<std::string> password;  ///< overrides what the DSN and the environment say
  base::resolver::options names{};      ///< how names of hosts are looked up
};

struct close_session {
  void operator()(pg_conn* session) const noexcept;
};

using raw_session = std::unique_ptr<pg_conn, close_session>;

/// Whether libpq can read the connection string. The error never repeats any of it.
base::status check_dsn(const std::string& dsn);

/// Connects; names of hosts are looked up first (providers/postgres/dsn.hpp). Keepalives,
/// tcp_user_timeout and connect_timeout (5 s for each address) are set unless the DSN sets them;
/// text is exchanged in UTF-8. errc::invalid: unreadable DSN; errc::unavailable: refused, or
/// `interrupt` (may be null) was notified; errc::timeout. No message has the password.
base::outcome<raw_session> connect(const connect_settings& settings, const base::wakeup* interrupt);

/// What libpq says about the session's last failure, in one line.
std::string failure_of(const pg_conn* session);

/// The first line of a database's message, without "ERROR:" and without control characters.
std::string first_line(std::string_view message);

}  // namespace switchyard::providers::postgres
