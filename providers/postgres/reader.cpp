#include "providers/postgres/reader.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "providers/postgres/patch.hpp"
#include "providers/quota_sink.hpp"

namespace switchyard::providers::postgres {

namespace {

using base::error;

/// Past the server's own timeout, so that its clear message comes first.
constexpr std::chrono::milliseconds grace{2000};

/// Past so many single servers their backends are read as a whole.
constexpr std::size_t most_single_servers = 1000;

std::string union_of(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (!text.empty()) text += "\nUNION ALL\n";
    text += part;
  }
  return text;
}

/// Rows as JSON, since the columns' types are the operator's business: inet, text, integers alike.
std::string rows_of(char kind, const std::string& first, const std::string& second,
                    const std::string& source) {
  return std::string("SELECT '") + kind + "'::text, " + first + "::text, " + second +
         "::text, row_to_json(t)::text FROM " + source + " AS t";
}

/// The columns of the server $2 of backend $1, as they are or as JSON.
std::string columns_of_one(const std::string& servers, bool as_json) {
  std::string columns;
  for (const auto name : server_columns) {
    columns += columns.empty() ? "" : ", ";
    columns.append(as_json ? "to_json(t." : "t.").append(name).append(as_json ? ")::text" : "");
  }
  return "SELECT " + columns + " FROM " + servers +
         " AS t WHERE t.backend::text = $1::text AND t.name::text = $2::text";
}

/// An operator's query as a subquery; its last line may be a comment.
std::string subquery(std::string sql) {
  const auto end = sql.find_last_not_of(" \t\r\n;");
  sql.resize(end == std::string::npos ? 0 : end + 1);
  return "(" + sql + "\n)";
}

}  // namespace

reader::reader(const config::postgres_settings& settings)
    : layout_(settings.queries ? layout::queries : layout::tables),
      server_timeout_(settings.query_timeout),
      own_timeout_(settings.query_timeout + grace),
      most_bytes_(settings.max_bytes),
      depth_(settings.max_depth) {
  if (settings.queries) {
    const auto& own = *settings.queries;
    if (own.routes) routes_ = rows_of('r', "t.host", "t.path", subquery(*own.routes));
    all_ = union_of({rows_of('s', "t.backend", "t.name", subquery(own.all)), routes_});
    named_ = rows_of('s', "t.backend", "t.name", subquery(own.backends));
    return;
  }
  const auto in_schema = [schema = connection::identifier(settings.schema)](const char* name) {
    return schema + '.' + name;
  };
  const auto backends = rows_of('b', "t.name", "NULL", in_schema("backends"));
  const auto servers = rows_of('s', "t.backend", "t.name", in_schema("servers"));
  routes_ = rows_of('r', "t.host", "t.path", in_schema("routes"));
  all_ = union_of({backends, servers, routes_});
  // The casts are nothing to text, and let keys of other types be compared.
  named_ = union_of({backends + " WHERE t.name::text = ANY($1::text[])",
                     servers + " WHERE t.backend::text = ANY($1::text[])"});
  one_ = columns_of_one(in_schema("servers"), true);
  usual_one_ = columns_of_one(in_schema("servers"), false);
  // OFFSET keeps the planner from joining: each key is one look-up in the primary key.
  single_ =
      rows_of('s', "t.backend", "t.name",
              "unnest($1::text[]) AS k CROSS JOIN LATERAL (SELECT * FROM " + in_schema("servers") +
                  " AS s WHERE s.backend::text = split_part(k, '/', 1)"
                  " AND s.name::text = split_part(k, '/', 2) OFFSET 0)");
}

std::string reader::session_settings() const {
  // Our own statements find rows by the primary keys: planning them anew for each list of names
  // costs more than it gains, and a plan without statistics must not read whole tables. Where it
  // must nevertheless, for want of an index, its cost counts as past all bounds: no reason to
  // compile it, which would take longer than the reading.
  const auto* plans = layout_ == layout::tables
                          ? "; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; "
                            "SET jit = off"
                          : "";
  return "SET statement_timeout = " + std::to_string(server_timeout_.count()) +
         "; SET default_transaction_read_only = on" + plans;
}

base::outcome<table> reader::rows(connection& session, const hints& wanted) const {
  if (!wanted.everything && !wanted.backends.empty()) {
    const std::vector<std::string> names(wanted.backends.begin(), wanted.backends.end());
    return session.read(wanted.routes ? union_of({named_, routes_}) : named_, names, most_bytes_,
                        own_timeout_);
  }
  // Statements of one simple query share one transaction, so that LOCAL settings hold for it.
  return session.read("SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = " +
                          std::to_string(server_timeout_.count()) + "; " +
                          (wanted.everything ? all_ : routes_),
                      most_bytes_, own_timeout_);
}

base::outcome<table> reader::within_quota(base::outcome<table> answer) const {
  if (!answer) return answer;
  std::size_t bytes = 0;
  for (const auto& row : *answer)
    for (const auto& value : row) bytes += value ? value->size() : 0;
  if (bytes > most_bytes_) return too_many_bytes(most_bytes_);
  return answer;
}

bool reader::suffices(const hints& wanted, const last_views& known) const {
  if (single_.empty() || !known || !wanted.backends.empty()) return false;
  std::size_t count = 0;
  for (const auto& [backend, names] : wanted.servers) {
    count += names.size();
    if (count > most_single_servers || !patchable(known(backend))) return false;
  }
  return true;
}

base::outcome<model::report> reader::read(connection& session, const hints& wanted,
                                          session_memory* memory, const last_views& known) const {
  auto* const cache = memory != nullptr ? &memory->cache : nullptr;
  if (wanted.everything || wanted.servers.empty()) return read_whole(session, wanted, cache);
  if (suffices(wanted, known)) {
    auto report = read_servers(session, wanted, memory, known);
    if (!report) return report.error();
    if (*report) return std::move(**report);
  }
  return read_whole(session, wanted.whole_backends(), cache);
}

base::outcome<table> reader::one_server(connection& session, const std::string& backend,
                                        const std::string& server, session_memory* memory) const {
  const bool usual = memory == nullptr || memory->usual_types;
  auto answer = usual ? session.query_json(usual_one_, backend, server, own_timeout_)
                      : session.query(one_, backend, server, own_timeout_);
  if (usual && !answer && answer.error().kind == base::errc::conflict) {
    answer = session.query(one_, backend, server, own_timeout_);
    if (memory != nullptr) memory->usual_types = !answer;
  }
  if (answer)
    for (auto& row : *answer) row.insert(row.begin(), {"c", backend, server});
  return answer;
}

base::outcome<table> reader::server_rows(connection& session, const hints& wanted,
                                         session_memory* memory) const {
  const auto keys = wanted.server_keys();
  const bool by_columns = memory == nullptr || memory->without_columns.empty();
  if (by_columns && keys.size() == 1 && !wanted.routes) {
    const auto& [backend, names] = *wanted.servers.begin();
    auto answer = one_server(session, backend, *names.begin(), memory);
    if (answer || answer.error().kind != base::errc::not_found) return answer;
    if (memory != nullptr) memory->without_columns = answer.error().message;
  }
  return session.query(wanted.routes ? union_of({single_, routes_}) : single_, keys, own_timeout_);
}

/// Nothing when it shows that whole backends must be read.
base::outcome<std::optional<model::report>> reader::read_servers(connection& session,
                                                                 const hints& wanted,
                                                                 session_memory* memory,
                                                                 const last_views& known) const {
  auto* const cache = memory != nullptr ? &memory->cache : nullptr;
  const auto answer = within_quota(server_rows(session, wanted, memory));
  if (!answer) return answer.error();
  auto report = decode_rows(*answer, layout_, wanted.routes, cache, depth_);
  if (cache != nullptr) cache->end_read(wanted.servers);
  if (!report) return report.error();
  auto read = std::exchange(report->backends, {});
  for (const auto& [backend, names] : wanted.servers) {
    const auto part = read.find(backend);
    auto event = patched(*known(backend), names, part == read.end() ? nullptr : &part->second);
    if (!event) return std::optional<model::report>();
    report->backends.emplace(backend, std::move(*event));
    if (part != read.end()) read.erase(part);
  }
  if (!read.empty()) return std::optional<model::report>();
  return std::optional<model::report>(std::move(*report));
}

base::outcome<model::report> reader::read_whole(connection& session, const hints& wanted,
                                                row_cache* cache) const {
  const bool with_routes = wanted.everything || wanted.routes;
  if (!wanted.everything && wanted.backends.empty() && routes_.empty()) return model::report{};
  const auto answer = rows(session, wanted);
  if (!answer) return answer.error();
  auto report = decode_rows(*answer, layout_, with_routes, cache, depth_);
  if (cache != nullptr) wanted.everything ? cache->end_read() : cache->end_read(wanted.backends);
  if (!report) return error{report.error().kind, "queries: " + report.error().message};
  report->full = wanted.everything;
  if (wanted.everything) return report;
  for (auto at = report->backends.begin(); at != report->backends.end();) {
    // An operator's query may give more than it was asked for.
    at = wanted.backends.contains(at->first) ? std::next(at) : report->backends.erase(at);
  }
  for (const auto& name : wanted.backends) report->backends.try_emplace(name);
  return report;
}

}  // namespace switchyard::providers::postgres
