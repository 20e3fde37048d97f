// /v1/backends, /v1/backends/{name} and its servers.

#include <memory>
#include <utility>

#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/views.hpp"
#include "api/writing.hpp"
#include "model/document.hpp"

namespace switchyard::api {

namespace {

using model::edit;
using nlohmann::json;

reply list_backends(service& from, const request& r) {
  const auto text = [&](const char* key) {
    const auto found = r.query.find(key);
    return found == r.query.end() ? std::string() : found->second;
  };
  const auto limit = limit_of(r);
  if (!limit) return problem(400, "limit must be a number from 1 to 1000");
  const auto page = from.get_backends(text("cursor"), text("provider"), *limit);
  if (!page) return problem(page.error());
  json backends = json::array();
  for (const auto& b : page->backends) backends.push_back(summary(b));
  return json_reply({{"backends", std::move(backends)},
                     {"next", page->next.empty() ? json() : json(page->next)}});
}

reply show(service& from, const request& r) {
  const std::string name(r.parameter("name"));
  if (!model::valid_name(name)) return problem(404, "no backend can have that name");
  const auto detail = from.get_backend(name);
  if (!detail) return problem(detail.error());
  auto shown = json_reply(view(name, *detail));
  if (const auto version = detail->version(); !version.empty())
    shown.fields["ETag"] = etag(version);
  return shown;
}

reply put_backend(service& to, const request& r) {
  const std::string name(r.parameter("name"));
  auto body = model::parse_json(r.body);
  if (!body) return problem(400, body.error().message);
  if (body->is_object() && !body->contains("name")) (*body)["name"] = name;
  model::report read;
  model::decode_backend(*body, "", read);
  model::problems wrong;
  for (const auto& refused : read.refused) wrong.push_back({refused.key, refused.reason});
  if (wrong.empty() && !read.backends.contains(name))
    wrong.push_back(
        {"/name", "must be the name in the path, " + model::quoted(name) + ", or be left out"});
  if (!wrong.empty()) return invalid_value(wrong);
  edit change;
  change.what = edit::kind::put_backend;
  change.backend = name;
  change.value = read.backends.at(name).value;
  return write(to, std::move(change), r);
}

reply remove(service& to, const request& r) {
  edit change;
  change.what = edit::kind::remove_backend;
  change.backend = r.parameter("name");
  return write(to, std::move(change), r);
}

reply change_server(service& to, const request& r) {
  const auto body = model::parse_json(r.body);
  if (!body) return problem(400, body.error().message);
  edit change;
  change.what = edit::kind::change_server;
  change.backend = r.parameter("name");
  change.server = r.parameter("server");
  model::problems wrong;
  model::object_reader from(*body, "", wrong);
  std::int64_t weight = 0;
  if (from.read("weight", weight, 0, model::max_weight))
    change.weight = static_cast<std::uint16_t>(weight);
  using model::server_state;
  auto state = server_state::ready;
  if (from.read_enum("state", state,
                     {server_state::ready, server_state::drain, server_state::maint}))
    change.state = state;
  from.finish();
  if (wrong.empty() && !change.weight && !change.state)
    wrong.push_back({"", "must have weight or state, or both"});
  if (!wrong.empty()) return invalid_value(wrong);
  return write(to, std::move(change), r);
}

}  // namespace

void add_backends(router& to, service& from) {
  to.add("GET", "/v1/backends", [&from](const request& r) { return list_backends(from, r); },
         {"provider", "limit", "cursor"});
  to.add("GET", "/v1/backends/{name}", [&from](const request& r) { return show(from, r); });
  to.add("PUT", "/v1/backends/{name}", [&from](const request& r) { return put_backend(from, r); },
         {"wait"});
  to.add("DELETE", "/v1/backends/{name}", [&from](const request& r) { return remove(from, r); },
         {"wait"});
  to.add("PATCH", "/v1/backends/{name}/servers/{server}",
         [&from](const request& r) { return change_server(from, r); }, {"wait"});
}

}  // namespace switchyard::api
