#include <iostream>
#include <nlohmann/json.hpp>

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
  const auto script = providers::postgres::schema_sql(options.schema, options.channel);
  if (options.output == output_format::json)
    std::cout << nlohmann::json{{"schema", options.schema},
                                {"channel", options.channel},
                                {"script", script}}
              << '\n';
  else
    std::cout << script;
  return std::cout.flush() ? 0 : 1;
}

}  // namespace switchyard::cli
