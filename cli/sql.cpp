#include <iostream>

#include "cli/commands.hpp"
#include "providers/postgres/schema.hpp"

namespace switchyard::cli {

namespace {

// PostgreSQL's NAMEDATALEN less one; longer names are cut without an error.
constexpr std::size_t longest_identifier = 63;

bool usable(const char* what, const std::string& name) {
  if (!name.empty() && name.size() <= longest_identifier && name.find('\0') == std::string::npos)
    return true;
  std::cerr << "switchyard sql: --" << what << " must have 1 to " << longest_identifier
            << " bytes, PostgreSQL's limit for names\n";
  return false;
}

}  // namespace

int sql(const sql_options& options) {
  if (!usable("schema", options.schema) || !usable("channel", options.channel)) return 2;
  std::cout << providers::postgres::schema_sql(options.schema, options.channel);
  return std::cout.flush() ? 0 : 1;
}

}  // namespace switchyard::cli
