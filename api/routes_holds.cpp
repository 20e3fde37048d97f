// /v1/holds and the decisions about them.

#include <charconv>

#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/views.hpp"
#include "api/writing.hpp"

namespace switchyard::api {

namespace {

reply decide(service& to, service::decision what, const request& r) {
  const auto text = r.parameter("id");
  std::uint64_t id = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (bad != std::errc() || end != text.data() + text.size())
    return problem(404, "no hold has that number");
  const auto wait = wait_of(r);
  if (!wait) return problem(400, wait_rule);
  r.made_out();
  const auto done = to.decide(id, what, *wait);
  if (!done) return problem(done.error());
  return json_reply(view(*done), done->written.applied ? 200 : 202);
}

}  // namespace

void add_holds(router& to, service& from) {
  to.add("GET", "/v1/holds", [&from](const request&) {
    const auto held = from.get_holds();
    return held ? json_reply(view(*held)) : problem(held.error());
  });
  to.add("POST", "/v1/holds/{id}/approve",
         [&from](const request& r) { return decide(from, service::decision::approve, r); },
         {"wait"});
  to.add("POST", "/v1/holds/{id}/reject",
         [&from](const request& r) { return decide(from, service::decision::reject, r); },
         {"wait"});
}

}  // namespace switchyard::api
