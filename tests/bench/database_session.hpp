#pragma once

// One PostgreSQL session by plain libpq, as a user's own program would have it.
//
// Threading: one thread. Every failure is thrown as std::runtime_error with the server's words.

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

namespace switchyard::tests::bench {

class database_session {
 public:
  explicit database_session(const std::string& dsn);

  /// Statements without rows, or rows that nobody wants.
  void run(const std::string& sql);

  void prepare(const std::string& name, const std::string& sql);
  /// Runs a prepared statement with one parameter; its first row, empty when there is none.
  std::vector<std::string> first_row(const std::string& name, const std::string& parameter);

  /// The payloads that have come, without waiting.
  std::vector<std::string> notifications();
  int socket() const { return PQsocket(session_.get()); }

 private:
  struct closer {
    void operator()(PGconn* session) const { PQfinish(session); }
  };
  std::unique_ptr<PGconn, closer> session_;
};

}  // namespace switchyard::tests::bench
