#include "providers/postgres/single_rows.hpp"

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "providers/postgres/connect.hpp"
#include "providers/quota_sink.hpp"

namespace switchyard::providers::postgres {

namespace {

using base::errc;
using base::error;

struct clear_result {
  void operator()(PGresult* result) const noexcept { ::PQclear(result); }
};

std::vector<std::optional<std::string>> cells_of(const PGresult* row) {
  const int columns = ::PQnfields(row);
  std::vector<std::optional<std::string>> cells;
  cells.reserve(static_cast<std::size_t>(columns));
  for (int i = 0; i < columns; ++i) {
    if (::PQgetisnull(row, 0, i) != 0)
      cells.emplace_back();
    else
      cells.emplace_back(std::in_place, ::PQgetvalue(row, 0, i),
                         static_cast<std::size_t>(::PQgetlength(row, 0, i)));
  }
  return cells;
}

std::size_t bytes_of(const PGresult* row) {
  std::size_t sum = 0;
  for (int i = 0; i < ::PQnfields(row); ++i)
    sum += static_cast<std::size_t>(::PQgetlength(row, 0, i));
  return sum;
}

}  // namespace

base::outcome<table> single_rows(pg_conn* session, std::size_t most_bytes) {
  table rows;
  std::optional<error> refused;
  std::size_t bytes = 0;
  if (::PQsetSingleRowMode(session) == 0) refused = error{errc::refused, failure_of(session)};
  while (const std::unique_ptr<PGresult, clear_result> result{::PQgetResult(session)}) {
    const auto status = ::PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR && !refused)
      refused = error{errc::refused, first_line(::PQresultErrorMessage(result.get()))};
    if (status != PGRES_SINGLE_TUPLE || refused) continue;
    bytes += bytes_of(result.get());
    if (bytes > most_bytes) {
      refused = too_many_bytes(most_bytes);
      rows = {};
    } else {
      rows.push_back(cells_of(result.get()));
    }
  }
  if (refused) return *std::move(refused);
  return rows;
}

}  // namespace switchyard::providers::postgres
