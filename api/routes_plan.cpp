// /v1/plan.

#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/views.hpp"
#include "model/document.hpp"

namespace switchyard::api {

void add_plan(router& to, const plan_source& from) {
  to.add("GET", "/v1/plan", [from](const request&) {
    const auto answer = from(std::nullopt, false);
    return answer ? json_reply(*answer) : problem(answer.error());
  });
  to.add("POST", "/v1/plan",
         [from](const request& r) {
           const auto whole = r.query.find("whole");
           const bool alone = whole != r.query.end() && whole->second == "true";
           if (whole != r.query.end() && !alone && whole->second != "false")
             return problem(400, "whole is true or false");
           const auto text = model::parse_json(r.body);
           if (!text) return problem(400, "the body is no JSON document: " + text.error().message);
           auto document = model::decode_document(*text);
           if (!document) return problem(422, document.error().message);
           r.made_out();
           const auto answer = from(std::move(*document), alone);
           return answer ? json_reply(*answer) : problem(answer.error());
         },
         {"whole"});
}

}  // namespace switchyard::api
