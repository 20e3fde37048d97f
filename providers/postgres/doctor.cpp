#include "providers/postgres/doctor.hpp"

#include <chrono>
#include <cstdlib>
#include <set>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "providers/clock_distance.hpp"
#include "providers/postgres/session.hpp"

namespace switchyard::providers::postgres {

namespace {

using level = diagnosis::level;

diagnosis listening(const config::postgres_settings& settings, connection& session) {
  if (!settings.listen)
    return {level::ok,
            "polled every " + base::format_duration(settings.interval) + " (listen: false)", ""};
  hints ignored;
  const auto heard = subscribe(settings, session, nullptr, ignored);
  if (!heard)
    return {level::error, "LISTEN: " + heard.error().message, "see what PostgreSQL's log says"};
  if (heard->proven)
    return {level::ok, "LISTEN: a notification on channel " + settings.channel + " arrived", ""};
  return {level::warning, "LISTEN: " + heard->reason,
          "connect to the primary itself (past a pooler, or one with pool_mode = session), or set "
          "listen: false, which polls every " +
              base::format_duration(settings.interval)};
}

std::string triggers_query(const std::string& schema) {
  return "SELECT c.relname, t.tgname, t.tgenabled, "
         "pg_catalog.replace(pg_catalog.encode(t.tgargs, 'escape'), '\\000', '') "
         "FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid "
         "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = " +
         connection::literal(schema) +
         " AND t.tgname LIKE 'switchyard\\_%' AND c.relname IN ('backends', 'servers', 'routes')";
}

/// What is wrong with a table's triggers; "" when nothing is.
std::string fault_of(const std::string& channel, const std::string& table_name,
                     const table& triggers) {
  std::set<std::string> missing{"switchyard_insert", "switchyard_update", "switchyard_delete",
                                "switchyard_truncate"};
  for (const auto& row : triggers) {
    if (row.size() != 4 || row[0] != table_name || !row[1]) continue;
    missing.erase(*row[1]);
    // O: where the session's origin is this server, as usual; A: always.
    if (row[2] != "O" && row[2] != "A") return "trigger " + *row[1] + " is disabled";
    if (row[3] != channel)
      return "trigger " + *row[1] + " notifies channel " + row[3].value_or("") + ", not " + channel;
  }
  return missing.empty() ? "" : "trigger " + *missing.begin() + " is missing";
}

void look_at_triggers(const config::postgres_settings& settings, connection& session,
                      std::vector<diagnosis>& found) {
  if (settings.queries) {
    found.push_back(
        {level::ok,
         "queries: of your own; changes are told by your own NOTIFY on channel " + settings.channel,
         ""});
    return;
  }
  const auto triggers = session.query(triggers_query(settings.schema), settings.query_timeout);
  if (!triggers) {
    found.push_back({level::error, "triggers: " + triggers.error().message,
                     remedy(settings, triggers.error())});
    return;
  }
  bool whole = true;
  for (const std::string name : {"backends", "servers", "routes"}) {
    const auto fault = fault_of(settings.channel, name, *triggers);
    if (fault.empty()) continue;
    whole = false;
    found.push_back({level::warning,
                     settings.schema + "." + name + ": " + fault +
                         "; changes there are seen at the next resync (" +
                         base::format_duration(settings.resync) + ") only",
                     "renew the triggers: " + sql_command(settings)});
  }
  if (whole) found.push_back({level::ok, "triggers of schema " + settings.schema, ""});
}

diagnosis clocks(const config::postgres_settings& settings, connection& session) {
  using clock = std::chrono::system_clock;
  const auto asked = clock::now();
  const auto answer = session.query("SELECT extract(epoch FROM clock_timestamp())::float8::text",
                                    settings.query_timeout);
  const auto took = clock::now() - asked;
  if (!answer || answer->empty() || !answer->front().front())
    return {level::error, "its clock cannot be read", "see what PostgreSQL's log says"};
  return clock_distance(std::strtod(answer->front().front()->c_str(), nullptr), asked, took);
}

}  // namespace

std::string sql_command(const config::postgres_settings& settings) {
  const config::postgres_settings defaults;
  std::string command = "switchyard sql";
  if (settings.schema != defaults.schema)
    command += " --schema " + base::shell_word(settings.schema);
  if (settings.channel != defaults.channel)
    command += " --channel " + base::shell_word(settings.channel);
  return command + " | psql -v ON_ERROR_STOP=1 -d DATABASE";
}

std::string remedy(const config::postgres_settings& settings, const base::error& why) {
  const auto says = [&](const char* text) { return why.message.find(text) != std::string::npos; };
  if (says("relation") && says("does not exist"))
    return settings.queries
               ? "name existing tables in queries:, with their schema where it is not in the "
                 "search_path"
               : "make the tables: " + sql_command(settings);
  if (says("schema") && says("does not exist")) return "make the tables: " + sql_command(settings);
  if (says("permission denied for"))
    return settings.queries ? "as the tables' owner: GRANT SELECT on them TO the user of the dsn"
                            : "as the tables' owner: GRANT switchyard TO the user of the dsn";
  if (says("role") && says("does not exist"))
    return "create that role, or name another one in the dsn: user=…";
  if (says("database") && says("does not exist")) return "name the database in the dsn: dbname=…";
  if (says("authentication failed") || says("no password supplied"))
    return "give the password in password_file or dsn_file, and allow the user in pg_hba.conf";
  if (says("password_file")) return "let the user that runs switchyard read the file";
  if (why.kind == base::errc::unavailable || why.kind == base::errc::timeout)
    return "start PostgreSQL, or correct host and port in the dsn; over TCP it must be let in by "
           "listen_addresses, pg_hba.conf and firewalls";
  return "";
}

std::vector<diagnosis> diagnose(const config::postgres_settings& settings) {
  auto session = open_session(settings, nullptr);
  if (!session) return {{level::error, session.error().message, remedy(settings, session.error())}};
  std::vector<diagnosis> found{listening(settings, **session)};
  look_at_triggers(settings, **session, found);
  found.push_back(clocks(settings, **session));
  return found;
}

}  // namespace switchyard::providers::postgres
