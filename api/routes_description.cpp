// /openapi.json.

#include "api/openapi.hpp"
#include "api/routes.hpp"

namespace switchyard::api {

void add_description(router& to) {
  to.add("GET", "/openapi.json", [](const request&) {
    reply r;
    r.body = openapi();
    return r;
  });
}

}  // namespace switchyard::api
