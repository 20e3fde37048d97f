#pragma once

// The endpoints, one file (routes_*.cpp) for each group.
//
// To add one: a function `void add_xxx(router&, …)` here, its file in CMakeLists.txt, a call of it
// in actors/api_server.cpp, its description in openapi.json (a test compares both lists and
// validates every answer), and a section in docs/api.md. A handler runs on its connection's thread
// and may block up to a few seconds. What it throws becomes a 500. A long-lived answer sets
// reply::stream, and is called at least four times a second; at most limits.streams are open.

#include <memory>

#include "api/router.hpp"
#include "api/service.hpp"

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
/// /openapi.json.
void add_description(router& to);

}  // namespace switchyard::api
