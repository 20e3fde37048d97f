#pragma once

// Values as the JSON that clients see. Pure. The shapes are those of api/openapi.json.

#include <nlohmann/json.hpp>

#include "api/http.hpp"
#include "api/service.hpp"
#include "api/status.hpp"

namespace switchyard::api {

/// "2026-01-31T08:15:30.123Z" (RFC 3339).
std::string timestamp(wall_time at);

nlohmann::json view(const status& s);
nlohmann::json view(const provider_status& p);
nlohmann::json view(const model::collision& c);
nlohmann::json view(const apply_status& a);
nlohmann::json view(const reload_status& r);

/// A backend in a list: names and counts.
nlohmann::json summary(const model::owned_backend& b);
/// Desired, origin and actual side by side. `name`: also of one that is not desired.
nlohmann::json view(const std::string& name, const backend_detail& b);
nlohmann::json view(const reconcile_result& r);
nlohmann::json view(const write_result& w);
nlohmann::json view(const hold_status& h);
nlohmann::json view(const hold_list& all);
nlohmann::json view(const decision_result& d);

/// Where HAProxy differs from what is desired, a sentence each.
std::vector<std::string> differences(const model::backend& desired, const actual_backend& actual);

/// A reply with a JSON body, ended by a newline; bytes that are no UTF-8 are replaced.
reply json_reply(const nlohmann::json& body, int status = 200);

}  // namespace switchyard::api
