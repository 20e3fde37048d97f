// The HTTP API of a running switchyard: what it shows.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>

#include "tests/integration/command_line.hpp"
#include "tests/integration/running_api.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_api)

namespace {

using nlohmann::json;

struct running_default : running_api {};

/// Nothing is compared unless it is asked for.
struct compared_by_hand : running_api {
  compared_by_hand() : running_api(options()) {}
  static site_options options() {
    site_options o;
    o.reconcile = "10m";
    return o;
  }
};

struct attached_api : running_api {
  attached_api() : running_api(options()) {}
  static site_options options() {
    site_options o;
    o.managed = false;
    return o;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(api, running_default)

BOOST_AUTO_TEST_CASE(health_readiness_and_the_description) {
  BOOST_TEST(get("/healthz").status == 200);
  const auto ready = get("/readyz");
  BOOST_TEST(ready.body.at("degraded").empty(), ready.body.dump());
  BOOST_TEST(get("/openapi.json").body.at("openapi") == "3.1.0");
}

BOOST_AUTO_TEST_CASE(the_status_tells_what_runs) {
  const auto s = get("/v1/status").body;
  BOOST_TEST(s.at("ready") == true, s.dump());
  BOOST_TEST(s.at("backends") == 1);
  BOOST_TEST(s.at("servers") == 1);
  const auto& haproxy = s.at("haproxy");
  BOOST_TEST(haproxy.at("mode") == "managed");
  BOOST_TEST(eventually(
      [&] { return get("/v1/status").body.at("haproxy").at("pid") == all->worker_pid(); }));
  BOOST_TEST(haproxy.at("version").is_string());
  const auto& provider = s.at("providers").at(0);
  BOOST_TEST(provider.at("name") == "db");
  BOOST_TEST(provider.at("type") == "postgres");
  BOOST_TEST(provider.at("state") == "live");
  BOOST_TEST(provider.at("servers") == 1);
  std::set<std::string> actors;
  for (const auto& a : s.at("actors")) {
    BOOST_TEST(a.at("running") == true);
    actors.insert(a.at("name").get<std::string>());
  }
  for (const auto* name : {"api", "manager", "provider db", "provider manual", "timer", "writer"})
    BOOST_TEST(actors.contains(name), name);
}

BOOST_AUTO_TEST_CASE(a_reload_shows_with_its_reason) {
  db.sql(insert_backend_of_its_own_kind("own-kind"));
  json reloads;
  // Newest first; the start may have had one of its own.
  const bool shown = eventually([&] {
    reloads = get("/v1/status").body.at("haproxy").at("reloads");
    return !reloads.empty() &&
           reloads.at(0).at("reasons").dump().find("own-kind") != std::string::npos;
  });
  BOOST_REQUIRE_MESSAGE(shown, reloads.dump());
  BOOST_TEST(reloads.at(0).at("ok") == true);
}

BOOST_AUTO_TEST_CASE(a_change_in_the_source_shows_in_the_status) {
  const auto before = get("/v1/status").body;
  db.sql(insert_server("api-backend", "srv2", two.port()));
  BOOST_TEST(all->answered_by({"srv1", "srv2"}));
  json after;
  BOOST_TEST(eventually([&] {
    after = get("/v1/status").body;
    return after.at("servers") == 2 && after.at("applied_revision") > before.at("applied_revision");
  }));
  const auto& last = after.at("recent_applies").at(0);
  BOOST_TEST(last.at("kind") == "changes", after.dump());
  BOOST_TEST(last.at("backends") == json::array({"api-backend"}));
  BOOST_TEST(last.at("commands") > 0);
  BOOST_TEST(last.at("took_ms") > 0.0);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_a_problem) {
  const auto missing = http_ask(all->api_port(), "GET", "/v1/nothing");
  BOOST_TEST(missing.status == 404);
  BOOST_TEST(contains(missing.head, "application/problem+json"));
  BOOST_TEST(backend("nobody").status == 404);
  BOOST_TEST(backend("a%20b").status == 404);
  const auto method = http_ask(all->api_port(), "DELETE", "/v1/status");
  BOOST_TEST(method.status == 405);
  BOOST_TEST(contains(method.head, "Allow: GET"), method.head);
}

BOOST_AUTO_TEST_CASE(a_backend_shows_desired_origin_and_actual) {
  const auto shown = backend("api-backend");
  BOOST_TEST(shown.body.at("origin") == "db");
  BOOST_TEST(shown.etag() == "\"" + shown.body.at("version").get<std::string>() + "\"");
  const auto& desired = shown.body.at("desired").at("servers").at(0);
  BOOST_TEST(desired.at("port") == one.port());
  const auto& actual = shown.body.at("actual").at("servers").at(0);
  BOOST_TEST(actual.at("name") == "srv1");
  BOOST_TEST(actual.at("address") == "127.0.0.1");
  BOOST_TEST(actual.at("port") == one.port());
  BOOST_TEST(shown.body.at("differences").empty(), shown.body.dump());
}

BOOST_AUTO_TEST_CASE(the_figures_are_those_of_haproxys_own_table) {
  BOOST_TEST(sample(all->port(), 10).at("srv1") == 10);
  BOOST_TEST(eventually([&] {
    const auto actual = backend("api-backend").body.at("actual");
    // svname is column 2, status 18, stot 8 (management guide, "CSV format")
    const auto table = all->command("show stat api-backend 4 -1");
    const auto line = table.find("\napi-backend,srv1,");
    if (line == std::string::npos) return false;
    std::vector<std::string> cells{""};
    for (const char c : table.substr(line + 1, table.find('\n', line + 1) - line - 1))
      if (c == ',')
        cells.emplace_back();
      else
        cells.back().push_back(c);
    const auto& server = actual.at("servers").at(0);
    return server.at("status") == cells.at(17) &&
           std::to_string(server.at("total").get<int>()) == cells.at(7);
  }));
}

BOOST_AUTO_TEST_CASE(lists_come_in_pages) {
  std::string rows;
  for (int i = 0; i < 5; ++i) rows += insert_server("b" + std::to_string(i), "s", two.port());
  db.sql(rows);
  BOOST_TEST(put("own", document({&one}), "", "?wait=20s").status == 201);
  std::vector<std::string> names;
  std::string cursor;
  BOOST_REQUIRE(eventually([&] { return get("/v1/status").body.at("backends") == 7; }));
  do {
    const auto page = ask("GET", "/v1/backends",
                          "/v1/backends?limit=3" + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (const auto& b : page.body.at("backends")) names.push_back(b.at("name"));
    cursor = page.body.at("next").is_null() ? "" : page.body.at("next").get<std::string>();
  } while (!cursor.empty());
  BOOST_TEST(
      names == (std::vector<std::string>{"api-backend", "b0", "b1", "b2", "b3", "b4", "own"}),
      boost::test_tools::per_element());
  const auto own = ask("GET", "/v1/backends", "/v1/backends?provider=manual").body.at("backends");
  BOOST_REQUIRE(own.size() == 1U);
  BOOST_TEST(own.at(0).at("servers").at("ready") == 1);
  BOOST_TEST(ask("GET", "/v1/backends", "/v1/backends?limit=0").status == 400);
}

BOOST_AUTO_TEST_CASE(an_haproxy_whose_socket_is_gone_is_read_through_its_master) {
  BOOST_REQUIRE(std::rename(all->runtime_socket().c_str(), all->file("moved").c_str()) == 0);
  BOOST_TEST(eventually([&] { return backend("api-backend").body.at("actual").is_object(); }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(drift_shows_as_a_difference_and_a_reconcile_repairs_it, compared_by_hand) {
  const auto reconcile = [&] { return ask("POST", "/v1/reconcile", "/v1/reconcile"); };
  // What a new worker has to be told is no drift, and the first one may be about to be met.
  BOOST_REQUIRE(eventually([&] {
    const auto status = get("/v1/status").body;
    return status.at("ready") == true && status.at("servers") == 1 &&
           status.at("applied_revision") == status.at("revision") &&
           status.at("haproxy").at("reload_waiting").empty() &&
           reconcile().body.at("repaired") == 0;
  }));
  all->command("set server api-backend/srv1 weight 7");
  const auto differences = [&] { return backend("api-backend").body.at("differences"); };
  BOOST_TEST(differences() == json::array({"srv1 has the weight 7 in HAProxy"}));
  const auto shown = switchyard({"backends", "api-backend", "--config", all->settings_file()});
  BOOST_TEST(contains(shown.output, "differs: srv1 has the weight 7 in HAProxy"), shown.output);
  const auto done = reconcile();
  BOOST_TEST(done.status == 200);
  BOOST_TEST(done.body.at("haproxy_reachable") == true);
  BOOST_TEST(done.body.at("repaired") >= 1, done.body.dump());
  BOOST_TEST(differences().empty());
  BOOST_TEST(eventually([&] { return get("/v1/status").body.at("repaired") >= 1; }));
}

BOOST_FIXTURE_TEST_CASE(it_is_not_ready_while_haproxy_does_not_answer, attached_api) {
  all->haproxy().signal(SIGKILL);
  BOOST_REQUIRE(all->haproxy().wait(std::chrono::seconds(5)).has_value());
  answer shown;
  BOOST_TEST(eventually([&] { return (shown = get("/readyz")).status == 503; }), all->log());
  BOOST_TEST(contains(shown.body.dump(), "HAProxy does not answer"), shown.body.dump());
  all->start_haproxy();
  BOOST_TEST(eventually([&] { return (shown = get("/readyz")).status == 200; }), all->log());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
