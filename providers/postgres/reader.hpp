#pragma once

// The statements that read backends, servers and routes, and their answers as reports.
//
// Every read is one statement in autocommit, and so one snapshot of the database: what a
// transaction changed is seen whole or not at all, at the cost of one round trip.
// Threading: none; const after construction.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "model/event.hpp"
#include "providers/postgres/connection.hpp"
#include "providers/postgres/hints.hpp"
#include "providers/postgres/rows.hpp"

namespace switchyard::providers::postgres {

/// Backends as this session reported them last; nullptr: that is not known.
using last_views = std::function<const model::backend_event*(const std::string&)>;

/// What the reads of one session remember. One thread; the next session begins with another.
struct session_memory {
  row_cache cache;
  /// Why single servers are read as whole rows, in the database's words; "": they are not.
  std::string without_columns;
  bool usual_types = true;  ///< of the columns, as far as is known
};

class reader {
 public:
  explicit reader(const config::postgres_settings& settings);

  /// Reads what the hints name. errc::invalid: the operator's queries give unusable columns;
  /// errc::refused also: the rows have more than max_bytes; else as connection::query.
  /// `memory` may be null. Single servers are read alone where `known` has the rest of their
  /// backends, which are reported as a whole in any case.
  base::outcome<model::report> read(connection& session, const hints& wanted,
                                    session_memory* memory = nullptr,
                                    const last_views& known = {}) const;

  /// Settings for a session that is surely our own. In a pooler's session they would reach other
  /// programs, hence full reads bring their own along.
  std::string session_settings() const;

 private:
  bool suffices(const hints& wanted, const last_views& known) const;
  base::outcome<model::report> read_whole(connection& session, const hints& wanted,
                                          row_cache* cache) const;
  base::outcome<std::optional<model::report>> read_servers(connection& session, const hints& wanted,
                                                           session_memory* memory,
                                                           const last_views& known) const;
  base::outcome<table> one_server(connection& session, const std::string& backend,
                                  const std::string& server, session_memory* memory) const;
  base::outcome<table> server_rows(connection& session, const hints& wanted,
                                   session_memory* memory) const;
  base::outcome<table> rows(connection& session, const hints& wanted) const;
  base::outcome<table> within_quota(base::outcome<table> answer) const;

  layout layout_;
  std::chrono::milliseconds server_timeout_;
  std::chrono::milliseconds own_timeout_;
  std::size_t most_bytes_;
  std::size_t depth_;
  std::string all_;     // everything
  std::string named_;   // $1: names
  std::string single_;  // $1: backend/server; "" when only whole backends can be read
  std::string one_;     // the same for a single one, the usual case: its columns one by one, which
                        // costs less than the row as JSON; refused where a column is missing
  std::string usual_one_;  // and where they have the usual types, which costs less again
  std::string routes_;     // routes alone; "" when there are none
};

}  // namespace switchyard::providers::postgres
