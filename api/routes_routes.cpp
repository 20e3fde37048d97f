// /v1/routes and /v1/reconcile.

#include <algorithm>
#include <charconv>
#include <utility>

#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/views.hpp"
#include "api/writing.hpp"
#include "model/document.hpp"

namespace switchyard::api {

namespace {

using nlohmann::json;

/// Where a page begins: the number of routes before it.
std::optional<std::size_t> cursor_of(const request& r) {
  const auto given = r.query.find("cursor");
  if (given == r.query.end()) return 0;
  std::size_t at = 0;
  const auto& text = given->second;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), at);
  if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return at;
}

reply list_routes(service& from, const request& r) {
  const auto limit = limit_of(r);
  const auto begin = cursor_of(r);
  if (!limit || !begin)
    return problem(400, "limit must be a number from 1 to 1000, cursor what `next` said");
  const auto routes = from.get_routes();
  if (!routes) return problem(routes.error());
  const auto& all = *routes->all;
  const auto end = std::min(all.size(), *begin + *limit);
  json page = json::array();
  for (auto i = *begin; i < end; ++i) {
    auto entry = model::encode(all[i].value);
    entry["origin"] = all[i].owner;
    page.push_back(std::move(entry));
  }
  auto shown = json_reply({{"routes", std::move(page)},
                           {"count", all.size()},
                           {"next", end < all.size() ? json(std::to_string(end)) : json()}});
  if (!routes->version.empty()) shown.fields["ETag"] = etag(routes->version);
  return shown;
}

reply put_routes(service& to, const request& r) {
  auto body = model::parse_json(r.body);
  if (!body) return problem(400, body.error().message);
  model::problems wrong;
  if (!body->is_object() || !body->contains("routes") || body->size() != 1) {
    wrong.push_back({"", "must be an object with the list `routes`"});
    return invalid_value(wrong);
  }
  const auto read = model::decode_document(*body);
  if (!read) {
    wrong.push_back({"/routes", read.error().message});
    return invalid_value(wrong);
  }
  for (const auto& refused : read->refused) wrong.push_back({refused.key, refused.reason});
  if (!wrong.empty()) return invalid_value(wrong);
  model::edit change;
  change.what = model::edit::kind::put_routes;
  change.routes = *read->routes;
  std::ranges::sort(change.routes);
  return write(to, std::move(change), r);
}

}  // namespace

void add_routes(router& to, service& from) {
  to.add("GET", "/v1/routes", [&from](const request& r) { return list_routes(from, r); },
         {"limit", "cursor"});
  to.add("PUT", "/v1/routes", [&from](const request& r) { return put_routes(from, r); }, {"wait"});
}

void add_reconcile(router& to, service& from) {
  to.add("POST", "/v1/reconcile", [&from](const request& r) {
    r.made_out();
    const auto done = from.reconcile();
    return done ? json_reply(view(*done)) : problem(done.error());
  });
}

}  // namespace switchyard::api
