#pragma once

// From rows of the database to backends and routes.
//
// The tables may be the operator's own, without switchyard's constraints: every value is checked
// here by the decoder of model/document.hpp, and a bad row is refused by its key. Pure.

#include <array>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "model/event.hpp"
#include "providers/postgres/connection.hpp"
#include "providers/postgres/row_cache.hpp"

namespace switchyard::providers::postgres {

/// What the reader's statements select: the kind of the row ('b', 's', 'r'), the two parts of its
/// key (backend and NULL, backend and server, host and path) and the whole row as JSON text.
constexpr std::size_t row_columns = 4;

/// Or of a server in the tables of `switchyard sql`: 'c', the two parts of its key and its columns,
/// each as row_to_json would write it: by to_json, or by json_of() (column_text.hpp) where the
/// columns have the usual types. Whatever becomes of a column's type, it decodes as in the whole
/// row. (A cast would not do: inet::text gives "10.0.0.1/32", character(n)::text drops blanks.)
constexpr std::array<std::string_view, 9> server_columns{
    "name", "ip", "fqdn", "port", "weight", "state", "backup", "maxconn", "options"};

enum class layout {
  tables,  ///< of `switchyard sql`; further columns are the operator's business and ignored
  queries  ///< of `queries:`, where settings of the backend stand in the server's row
};

/// Builds backends, routes (when `with_routes`) and refusals from rows, the same in whatever order
/// they come: where those of `queries:` disagree about the settings of their backend, the one whose
/// server's name comes first counts, one without a server (NULL) before all.
/// errc::invalid: rows of `queries:` lack a column or have one that nothing reads. With a `cache`,
/// rows of servers that it knows are not decoded again (layout::tables only); the caller ends its
/// read. `depth`: of objects and lists in one another in one column, at most; a row that has deeper
/// ones where they are used is refused.
base::outcome<model::report> decode_rows(const table& rows, layout of, bool with_routes,
                                         row_cache* cache = nullptr, std::size_t depth = 32);

}  // namespace switchyard::providers::postgres
