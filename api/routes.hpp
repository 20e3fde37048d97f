#pragma once

// The endpoints, one file (routes_*.cpp) for each group.
//
// To add one: a function `void add_xxx(router&, …)` here, its file in CMakeLists.txt, a call of it
// in actors/api_server.cpp, its description in openapi.json (a test compares both lists and
// validates every answer), and a section in docs/api.md. A handler runs on its connection's thread
// and may block up to a few seconds. What it throws becomes a 500. A long-lived answer sets
// reply::stream, and is called at least four times a second; at most limits.streams are open.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "api/event_log.hpp"
#include "api/metrics.hpp"
#include "api/router.hpp"
#include "api/service.hpp"
#include "base/outcome.hpp"
#include "model/event.hpp"

namespace switchyard::api {

/// /healthz, /readyz.
void add_health(router& to, service& from);
/// /v1/status.
void add_status(router& to, service& from);
/// /v1/backends, /v1/backends/{name} and its servers.
void add_backends(router& to, service& from);
/// /v1/routes.
void add_routes(router& to, service& from);
/// /v1/reconcile.
void add_reconcile(router& to, service& from);
/// /v1/holds, and decisions about one.
void add_holds(router& to, service& from);
/// /openapi.json.
void add_description(router& to);
/// /metrics.
void add_metrics(router& to, std::shared_ptr<metrics> from);
/// /v1/events. `run` tells the ids of this log apart from those of an earlier one.
void add_events(router& to, std::shared_ptr<const event_log> from, std::shared_ptr<metrics> count,
                std::string run);

/// The level of the log, by the words of the settings ("info").
struct log_control {
  std::function<std::string()> level;
  std::function<bool(const std::string&)> set_level;  ///< false: there is no such level
};
/// /v1/log/level.
void add_log(router& to, const log_control& log);

/// What would be done (docs/plan.md): with a document on top of the present desired state, or as
/// all that is desired. May block for as long as a configuration takes to be checked. Any thread.
using plan_source =
    std::function<base::outcome<nlohmann::json>(std::optional<model::report> document, bool whole)>;
/// /v1/plan.
void add_plan(router& to, const plan_source& from);

}  // namespace switchyard::api
