#pragma once

// What all endpoints that change something share: `?wait=`, If-Match, the answer. Pure but for the
// call of the service.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.hpp"
#include "api/service.hpp"

namespace switchyard::api {

/// A version as an ETag (RFC 9110, section 8.8.3).
std::string etag(const std::string& version);

/// `limit` of a list: 1 … 1000, 200 unless given. Nothing: it is none of that.
std::optional<std::size_t> limit_of(const request& r);

/// `?wait=`: 0 … 60s, 5s unless given. Nothing: it is none of that.
std::optional<std::chrono::milliseconds> wait_of(const request& r);
inline constexpr const char* wait_rule = "wait must be a duration of at most 60s, such as 5s, or 0";

/// Takes If-Match, If-None-Match and `?wait=` (0 … 60s, 5s unless given) from the request, makes
/// the change, and answers: 201 for what is new, 200, 202 while HAProxy does not have it yet.
reply write(service& to, model::edit change, const request& r);

}  // namespace switchyard::api
