#pragma once

// Values as the JSON that clients see. Pure. The shapes are those of api/openapi.json.

#include <nlohmann/json.hpp>

#include "api/http.hpp"
#include "api/status.hpp"

namespace switchyard::api {

/// "2026-01-31T08:15:30.123Z" (RFC 3339).
std::string timestamp(wall_time at);

nlohmann::json view(const status& s);
nlohmann::json view(const provider_status& p);
nlohmann::json view(const apply_status& a);
nlohmann::json view(const reload_status& r);

/// A reply with a JSON body, ended by a newline; bytes that are no UTF-8 are replaced.
reply json_reply(const nlohmann::json& body, int status = 200);

}  // namespace switchyard::api
