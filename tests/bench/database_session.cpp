#include "tests/bench/database_session.hpp"

#include <stdexcept>

namespace switchyard::tests::bench {

namespace {

struct clearer {
  void operator()(PGresult* result) const { PQclear(result); }
};
using result_ptr = std::unique_ptr<PGresult, clearer>;

result_ptr checked(PGconn* session, PGresult* result) {
  result_ptr owned(result);
  const auto status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(std::string("PostgreSQL: ") + PQerrorMessage(session));
  return owned;
}

}  // namespace

database_session::database_session(const std::string& dsn) : session_(PQconnectdb(dsn.c_str())) {
  if (PQstatus(session_.get()) != CONNECTION_OK)
    throw std::runtime_error(std::string("PostgreSQL: ") + PQerrorMessage(session_.get()));
}

void database_session::run(const std::string& sql) {
  checked(session_.get(), PQexec(session_.get(), sql.c_str()));
}

void database_session::prepare(const std::string& name, const std::string& sql) {
  checked(session_.get(), PQprepare(session_.get(), name.c_str(), sql.c_str(), 1, nullptr));
}

std::vector<std::string> database_session::first_row(const std::string& name,
                                                     const std::string& parameter) {
  const char* const value = parameter.c_str();
  const auto rows = checked(
      session_.get(), PQexecPrepared(session_.get(), name.c_str(), 1, &value, nullptr, nullptr, 0));
  std::vector<std::string> row;
  if (PQntuples(rows.get()) == 0) return row;
  for (int i = 0; i < PQnfields(rows.get()); ++i) row.emplace_back(PQgetvalue(rows.get(), 0, i));
  return row;
}

std::vector<std::string> database_session::notifications() {
  if (PQconsumeInput(session_.get()) == 0)
    throw std::runtime_error(std::string("PostgreSQL: ") + PQerrorMessage(session_.get()));
  std::vector<std::string> payloads;
  struct freer {
    void operator()(PGnotify* n) const { PQfreemem(n); }
  };
  while (const std::unique_ptr<PGnotify, freer> n{PQnotifies(session_.get())})
    payloads.emplace_back(n->extra);
  return payloads;
}

}  // namespace switchyard::tests::bench
