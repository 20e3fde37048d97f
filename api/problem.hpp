#pragma once

// Errors as RFC 9457 problem documents (application/problem+json).
//
// `type` is "about:blank" throughout: the title is that of the status, `detail` is one sentence for
// the operator with the remedy. Pure.

#include <string>
#include <string_view>

#include "api/http.hpp"
#include "base/outcome.hpp"
#include "model/json_reader.hpp"

namespace switchyard::api {

/// The words of a status code (RFC 9110, section 15).
std::string_view title_of(int status);

reply problem(int status, const std::string& detail);

/// 422 with an entry under `errors` for each of the first 100 problems: {"pointer": …, "detail":
/// …}.
reply invalid_value(const model::problems& problems);

/// A failure of the service: not_found 404, conflict 409, invalid 422, refused 409, timeout 504,
/// unavailable 503, else 500.
reply problem(const base::error& why);

}  // namespace switchyard::api
