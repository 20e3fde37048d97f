// /v1/log/level.

#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/views.hpp"
#include "model/document.hpp"

namespace switchyard::api {

void add_log(router& to, const log_control& log) {
  to.add("GET", "/v1/log/level", [log](const request&) {
    return json_reply({{"level", log.level()}});
  });
  to.add("PUT", "/v1/log/level", [log](const request& r) {
    const auto body = model::parse_json(r.body);
    if (!body) return problem(400, "the body is no JSON: " + body.error().message);
    const auto level = body->is_object() ? body->find("level") : body->end();
    if (level == body->end() || !level->is_string() || body->size() != 1 ||
        !log.set_level(level->get<std::string>()))
      return invalid_value(
          {{"/level", "must be \"trace\", \"debug\", \"info\", \"warn\" or \"error\""}});
    return json_reply({{"level", log.level()}});
  });
}

}  // namespace switchyard::api
