// The HTTP API of a running switchyard.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/site.hpp"

namespace switchyard::tests {

namespace {

using nlohmann::json;

json body_of(const http_answer& answer) {
  return json::parse(answer.body, nullptr, false);
}

struct running {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  std::unique_ptr<site> all;

  explicit running(const site_options& options = {}) {
    db.sql(insert_server("api-backend", "srv1", one.port()));
    all = std::make_unique<site>(db.provider_yaml(), options);
    BOOST_REQUIRE(all->answered_by({"srv1"}));
    BOOST_REQUIRE(eventually([&] { return get("/readyz").status == 200; }));
  }

  http_answer get(const std::string& path, const std::string& fields = "") const {
    return http_ask(all->api_port(), "GET", path, "", fields);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(api, running)

BOOST_AUTO_TEST_CASE(health_and_readiness) {
  BOOST_TEST(body_of(get("/healthz")).at("status") == "ok");
  const auto ready = body_of(get("/readyz"));
  BOOST_TEST(ready.at("status") == "ready");
  BOOST_TEST(ready.at("degraded").empty(), ready.dump());
}

BOOST_AUTO_TEST_CASE(the_status_tells_what_runs) {
  const auto s = body_of(get("/v1/status"));
  BOOST_TEST(s.at("ready") == true, s.dump());
  BOOST_TEST(s.at("backends") == 1);
  BOOST_TEST(s.at("servers") == 1);
  const auto& haproxy = s.at("haproxy");
  BOOST_TEST(haproxy.at("mode") == "managed");
  BOOST_TEST(eventually([&] {
    return body_of(get("/v1/status")).at("haproxy").at("pid") == all->worker_pid();
  }));
  BOOST_TEST(!haproxy.at("version").get<std::string>().empty());
  const auto& provider = s.at("providers").at(0);
  BOOST_TEST(provider.at("name") == "db");
  BOOST_TEST(provider.at("type") == "postgres");
  BOOST_TEST(provider.at("state") == "live");
  BOOST_TEST(provider.at("servers") == 1);
  std::set<std::string> actors;
  for (const auto& a : s.at("actors")) {
    BOOST_TEST(a.at("running") == true);
    actors.insert(a.at("name"));
  }
  BOOST_TEST((actors == std::set<std::string>{"api", "manager", "provider db", "timer", "writer"}));
}

BOOST_AUTO_TEST_CASE(a_change_shows_in_the_status) {
  const auto before = body_of(get("/v1/status"));
  db.sql(insert_server("api-backend", "srv2", two.port()));
  BOOST_TEST(all->answered_by({"srv1", "srv2"}));
  json after;
  BOOST_TEST(eventually([&] {
    after = body_of(get("/v1/status"));
    return after.at("servers") == 2 && after.at("applied_revision") > before.at("applied_revision");
  }));
  const auto& last = after.at("recent_applies").at(0);
  BOOST_TEST(last.at("kind") == "changes", after.dump());
  BOOST_TEST(last.at("backends") == json::array({"api-backend"}));
  BOOST_TEST(last.at("commands") > 0);
  BOOST_TEST(last.at("took_ms") > 0.0);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_a_problem_document) {
  const auto missing = get("/v1/nothing");
  BOOST_TEST(missing.status == 404);
  BOOST_TEST(contains(missing.head, "application/problem+json"));
  BOOST_TEST(body_of(missing).at("status") == 404);
  const auto method = http_ask(all->api_port(), "DELETE", "/v1/status");
  BOOST_TEST(method.status == 405);
  BOOST_TEST(contains(method.head, "Allow: GET"), method.head);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
