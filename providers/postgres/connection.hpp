#pragma once

// One session with a PostgreSQL database: only its files know libpqxx, and which one.
//
// Threading: one thread. Every call has a deadline and can be interrupted (see watchdog.hpp). A
// session that was lost stays lost: nothing reconnects behind the caller's back, since that would
// hide lost notifications. No transaction stays open between calls.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "providers/postgres/connect.hpp"

namespace switchyard::providers::postgres {

/// The rows of a query as text; nothing stands for NULL.
using table = std::vector<std::vector<std::optional<std::string>>>;

/// Failures of all calls: errc::unavailable, the session is lost; errc::timeout, no answer came and
/// the session is given up; errc::refused, the database said no and the session goes on;
/// errc::not_found, likewise since a statement names a column that is not there (SQLSTATE 42703);
/// errc::conflict, likewise since a prepared statement's columns have other types by now (0A000).
class connection {
 public:
  /// `interrupt` may be null; it must outlive the connection.
  static base::outcome<std::unique_ptr<connection>> open(const connect_settings& settings,
                                                         const base::wakeup* interrupt);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Runs statements in autocommit and returns the rows of the last one.
  base::outcome<table> query(const std::string& sql, std::chrono::milliseconds longest);
  /// Runs one statement whose parameter $1 is the text[] `names`.
  base::outcome<table> query(const std::string& sql, const std::vector<std::string>& names,
                             std::chrono::milliseconds longest);
  /// Runs one statement whose parameters $1 and $2 are texts.
  base::outcome<table> query(const std::string& sql, const std::string& first,
                             const std::string& second, std::chrono::milliseconds longest);

  /// The same; the values are as to_json would write them. errc::conflict also where a column has a
  /// type that json_of() (column_text.hpp) does not know.
  base::outcome<table> query_json(const std::string& sql, const std::string& first,
                                  const std::string& second, std::chrono::milliseconds longest);

  /// As query(), with at most `most_bytes` of values in memory: errc::refused also when there are
  /// more. The rows come one by one, which costs no more (measured with 100,000).
  base::outcome<table> read(const std::string& sql, std::size_t most_bytes,
                            std::chrono::milliseconds longest);
  base::outcome<table> read(const std::string& sql, const std::vector<std::string>& names,
                            std::size_t most_bytes, std::chrono::milliseconds longest);

  /// From now on statements with parameters are prepared, which saves their planning. Only
  /// for a session of our own: behind a pooler the next transaction may be in another one.
  void keep_statements();

  /// LISTEN; the name is quoted. Once in a session.
  base::status listen(const std::string& channel, std::chrono::milliseconds longest);
  /// Payloads of the notifications that have arrived since the last call. Does not wait.
  base::outcome<std::vector<std::string>> notifications();

  /// Readable when notifications may have arrived or the session was lost.
  int socket() const;

  /// A literal of SQL.
  static std::string literal(const std::string& text);
  /// A quoted identifier of SQL.
  static std::string identifier(const std::string& name);

 private:
  struct driver;
  explicit connection(std::unique_ptr<driver> opened);

  std::unique_ptr<driver> driver_;
};

}  // namespace switchyard::providers::postgres
