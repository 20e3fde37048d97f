#pragma once

// A database of its own for each test, and a provider that follows it.

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "model/desired_state.hpp"
#include "providers/postgres/postgres_provider.hpp"
#include "providers/postgres/schema.hpp"
#include "tests/providers/recording_sink.hpp"
#include "tests/support/postgres_server.hpp"

namespace switchyard::tests {

using namespace std::chrono_literals;
using level = model::provider_health::level;

struct database {
  postgres_server& server = shared_postgres();
  std::string name = server.create_database();

  std::string psql(std::string_view sql) const { return server.psql(name, sql); }

  /// The rows of a query, their columns with | between them; no value may have a line's end.
  std::vector<std::string> rows(std::string_view sql) const {
    std::vector<std::string> result;
    std::istringstream in(psql(sql));
    for (std::string line; std::getline(in, line);) result.push_back(line);
    return result;
  }

  /// The tables of `switchyard sql`, without its notices.
  void make_tables(const std::string& schema = "public",
                   const std::string& channel = "switchyard") const {
    psql(providers::postgres::schema_sql(schema, channel));
  }

  config::postgres_settings settings() const {
    config::postgres_settings result;
    result.dsn = server.dsn(name);
    // Only what a test is about should show: no full read or heartbeat comes in between.
    result.resync = 1h;
    result.heartbeat = 1h;
    return result;
  }
};

/// A running provider and all it reported.
class followed {
 public:
  explicit followed(const config::postgres_settings& settings) : provider_("main-db", settings) {
    provider_.start(sink_);
  }
  ~followed() { provider_.stop(); }
  followed(const followed&) = delete;
  followed& operator=(const followed&) = delete;

  bool wait_live() const { return wait_health(level::live); }
  bool wait_health(level wanted) const {
    return eventually([&] { return sink_.last_health().value == wanted; });
  }
  bool wait_reason(std::string_view part) const {
    return eventually([&] {
      const auto health = sink_.last_health();
      return health.value == level::degraded && health.reason.find(part) != std::string::npos;
    });
  }

  /// What a manager would make of all reports so far.
  model::backend_ptr backend(const std::string& name) const {
    model::desired_state state({"main-db"});
    for (const auto& report : reports()) state.fold("main-db", report);
    return state.find(name);
  }
  std::vector<model::route> routes() const {
    model::desired_state state({"main-db"});
    for (const auto& report : reports()) state.fold("main-db", report);
    return state.routes();
  }
  bool has(const std::string& name, const std::string& server) const {
    const auto found = backend(name);
    return found && found->find(server) != nullptr;
  }
  bool wait_server(const std::string& name, const std::string& server) const {
    return eventually([&] { return has(name, server); });
  }

  std::vector<model::provider_health> healths() const { return sink_.healths(); }
  model::provider_health health() const { return sink_.last_health(); }
  std::vector<model::report> reports() const { return sink_.reports(); }
  recording_sink& sink() { return sink_; }
  providers::postgres::postgres_provider& provider() { return provider_; }

 private:
  recording_sink sink_;
  providers::postgres::postgres_provider provider_;
};

/// The reason of a refusal, "" when there is none of that key.
inline std::string refusal_of(const model::report& report, const std::string& key) {
  const auto at = std::ranges::find(report.refused, key, &model::refusal::key);
  return at == report.refused.end() ? "" : at->reason;
}

inline std::string insert_server(const std::string& backend, const std::string& name,
                                 const std::string& ip = "10.0.1.12") {
  return "INSERT INTO servers (backend, name, ip, port) VALUES ('" + backend + "', '" + name +
         "', '" + ip + "', 8080);";
}

}  // namespace switchyard::tests
