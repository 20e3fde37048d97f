#pragma once

// The rows of a statement one by one as they arrive (libpq's single-row mode), so that what is too
// much is never held in memory.
//
// Threading: as the session's.

#include <cstddef>

#include "base/outcome.hpp"
#include "providers/postgres/connection.hpp"

struct pg_conn;  // libpq's PGconn

namespace switchyard::providers::postgres {

/// Waits for all results of what was just sent and returns their rows. errc::refused: the
/// database said no, in its words, or the values have more than `most_bytes` together; what is past
/// them is read all the same, since nothing else ends a statement without a second connection, and
/// thrown away. A session that was lost is refused likewise: look at its state.
base::outcome<table> single_rows(pg_conn* session, std::size_t most_bytes);

}  // namespace switchyard::providers::postgres
