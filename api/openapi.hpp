#pragma once

#include <string_view>

namespace switchyard::api {

/// The description of the API, OpenAPI 3.1 in JSON: api/openapi.json as it was at the build.
std::string_view openapi();

}  // namespace switchyard::api
