#pragma once

// The tables, checks, triggers and the role that `switchyard sql` prints.
//
// Pure. Threading: none.

#include <string>

namespace switchyard::providers::postgres {

/// A script for psql. Running it again changes no row and renews functions, triggers and grants.
/// Both names are quoted, 1 to 63 bytes each.
std::string schema_sql(const std::string& schema, const std::string& channel);

}  // namespace switchyard::providers::postgres
