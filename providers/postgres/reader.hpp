#pragma once

// The statements that read backends, servers and routes, and their answers as reports.
//
// Every read is one statement in autocommit, and so one snapshot of the database: what a
// transaction changed is seen whole or not at all, at the cost of one round trip.
// Threading: none; const after construction.

#include <string>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "model/event.hpp"
#include "providers/postgres/connection.hpp"
#include "providers/postgres/hints.hpp"
#include "providers/postgres/rows.hpp"

namespace switchyard::providers::postgres {

class reader {
 public:
  explicit reader(const config::postgres_settings& settings);

  /// Reads what the hints name. errc::invalid: the operator's queries give unusable columns; else
  /// as connection::query.
  /// `cache` may be null; it belongs to one thread.
  base::outcome<model::report> read(connection& session, const hints& wanted,
                                    row_cache* cache = nullptr) const;

  /// Settings for a session that is surely our own. In a pooler's session they would reach other
  /// programs, hence full reads bring their own along.
  std::string session_settings() const;

 private:
  base::outcome<table> rows(connection& session, const hints& wanted) const;

  layout layout_;
  std::chrono::milliseconds server_timeout_;
  std::chrono::milliseconds own_timeout_;
  std::string all_;     // everything
  std::string named_;   // $1: names
  std::string routes_;  // routes alone; "" when there are none
};

}  // namespace switchyard::providers::postgres
