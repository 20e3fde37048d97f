// The HTTP API of a running switchyard. Every answer is held against the API's description.

#include <cstdio>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/api/description.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

namespace {

using nlohmann::json;

const std::string by_hand = "  - {name: manual, type: memory}\n";

struct answer {
  int status = 0;
  json body;
  std::string head;

  std::string etag() const {
    const auto at = head.find("ETag: ");
    return at == std::string::npos ? "" : head.substr(at + 6, head.find('\r', at) - at - 6);
  }
};

struct running {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  description described;
  std::string token;  ///< sent when set
  std::unique_ptr<site> all;

  explicit running(const site_options& options = {}, bool manual = true,
                   const std::string& with_token = "")
      : token(with_token) {
    db.sql(insert_server("api-backend", "srv1", one.port()));
    all = std::make_unique<site>(db.provider_yaml() + (manual ? by_hand : ""), options);
    BOOST_REQUIRE(all->answered_by({"srv1"}));
    BOOST_REQUIRE(eventually([&] { return get("/readyz").status == 200; }));
  }

  /// `path` is that of `pattern`, with a query if need be.
  answer ask(const std::string& method, const std::string& pattern, const std::string& path,
             const std::string& body = "", const std::string& fields = "") const {
    const auto bearer = token.empty() ? "" : "Authorization: Bearer " + token + "\r\n";
    return ask_raw(method, pattern, path, body, bearer + fields);
  }
  /// The same without the token, whatever comes of it.
  answer ask_raw(const std::string& method, const std::string& pattern, const std::string& path,
                 const std::string& body, const std::string& fields) const {
    const auto got = http_ask(all->api_port(), method, path, body, fields);
    auto verb = method;
    for (char& c : verb) c = static_cast<char>(c | 0x20);
    const auto fault = described.undescribed(verb, pattern, got);
    BOOST_TEST(fault.empty(), method << " " << path << ": " << fault);
    return {got.status, json::parse(got.body, nullptr, false), got.head};
  }
  answer get(const std::string& path) const { return ask("GET", path, path); }
  answer backend(const std::string& name) const {
    return ask("GET", "/v1/backends/{name}", "/v1/backends/" + name);
  }
  answer put(const std::string& name, const json& body, const std::string& fields = "",
             const std::string& query = "") const {
    return ask("PUT", "/v1/backends/{name}", "/v1/backends/" + name + query, body.dump(), fields);
  }
  answer remove(const std::string& name, const std::string& fields = "") const {
    return ask("DELETE", "/v1/backends/{name}", "/v1/backends/" + name, "", fields);
  }
  answer patch(const std::string& name, const std::string& server, const json& body) const {
    return ask("PATCH", "/v1/backends/{name}/servers/{server}",
               "/v1/backends/" + name + "/servers/" + server, body.dump());
  }
};

json document(const std::vector<const http_upstream*>& servers) {
  json list = json::array();
  for (const auto* s : servers)
    list.push_back({{"name", s->name()}, {"address", "127.0.0.1"}, {"port", s->port()}});
  return {{"servers", list}};
}

/// A path with names for its {parameters}.
std::string with_parameters(std::string path) {
  for (const auto& [parameter, value] :
       {std::pair<std::string, std::string>{"{name}", "api-backend"},
        {"{server}", "srv1"},
        {"{id}", "1"}})
    if (const auto at = path.find(parameter); at != std::string::npos)
      path.replace(at, parameter.size(), value);
  return path;
}

struct without_manual : running {
  without_manual() : running({}, false) {}
};

struct with_token : running {
  static inline const std::string secret = "0123456789abcdef0123456789abcdef";
  temp_dir folder;

  with_token() : running(options(), true, secret) {}

  static site_options options() {
    static temp_dir files;
    write_text(files.path() / "token", secret + "\n");
    site_options o;
    o.api = "token_file: " + (files / "token");
    return o;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(api, running)

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

BOOST_AUTO_TEST_CASE(drift_shows_as_a_difference_and_a_reconcile_repairs_it) {
  // What a new worker has to be told is no drift, and the first one may be about to be met.
  BOOST_REQUIRE(eventually([&] {
    const auto status = get("/v1/status").body;
    return status.at("ready") == true && status.at("servers") == 1 &&
           status.at("applied_revision") == status.at("revision") &&
           status.at("haproxy").at("reload_waiting").empty();
  }));
  BOOST_TEST(contains(all->command("set server api-backend/srv1 weight 7"), ""));
  const auto done = ask("POST", "/v1/reconcile", "/v1/reconcile");
  BOOST_TEST(done.status == 200);
  BOOST_TEST(done.body.at("haproxy_reachable") == true);
  // The pass of the interval may have been quicker.
  BOOST_TEST(all->server_becomes("api-backend", "srv1",
                                 "127.0.0.1:" + std::to_string(one.port()) + " 100 ready"));
  // It is counted when the pass has ended.
  BOOST_TEST(eventually([&] { return get("/v1/status").body.at("repaired") >= 1; }));
}

BOOST_AUTO_TEST_CASE(a_backend_is_set_changed_and_removed_by_hand) {
  const auto created = put("own", document({&one}), "If-None-Match: *\r\n", "?wait=20s");
  BOOST_TEST(created.status == 201, created.body.dump());
  BOOST_TEST(created.body.at("provider") == "manual");
  BOOST_TEST(created.body.at("applied") == true);
  BOOST_TEST(created.body.at("apply").at("backends").at(0) == "own", created.body.dump());
  BOOST_TEST(all->server("own", "srv1") ==
             "127.0.0.1:" + std::to_string(one.port()) + " 100 ready");
  BOOST_TEST(created.etag() == backend("own").etag());

  const auto drained = patch("own", "srv1", {{"state", "drain"}, {"weight", 7}});
  BOOST_TEST(drained.status == 200, drained.body.dump());
  BOOST_TEST(all->server("own", "srv1") == "127.0.0.1:" + std::to_string(one.port()) + " 7 drain");

  BOOST_TEST(put("own", document({&one, &two}), "If-None-Match: *\r\n").status == 412);
  BOOST_TEST(put("own", document({&one, &two}), "If-Match: " + created.etag() + "\r\n").status ==
             412);
  const auto more =
      put("own", document({&one, &two}), "If-Match: " + backend("own").etag() + "\r\n");
  BOOST_TEST(more.status == 200, more.body.dump());
  BOOST_TEST(all->server("own", "srv2") ==
             "127.0.0.1:" + std::to_string(two.port()) + " 100 ready");
  BOOST_TEST(put("own", document({&one, &two})).body.at("changed") == false);

  BOOST_TEST(remove("own", "If-Match: " + created.etag() + "\r\n").status == 412);
  const auto removed = remove("own");
  BOOST_TEST((removed.status == 200 || removed.status == 202), removed.body.dump());
  BOOST_TEST(eventually([&] { return !all->backend_exists("own"); }, std::chrono::seconds(60)));
  BOOST_TEST(remove("own").status == 404);
}

BOOST_AUTO_TEST_CASE(what_is_set_by_hand_outlives_a_restart) {
  BOOST_TEST(put("own", document({&one}), "", "?wait=20s").status == 201);
  BOOST_TEST(all->stop_switchyard() == 0);
  all->start_switchyard();
  BOOST_TEST(eventually(
      [&] {
        return http_ask(all->api_port(), "GET", "/readyz").status == 200 &&
               backend("own").body.value("origin", json()) == "manual";
      },
      std::chrono::seconds(30)));
}

BOOST_AUTO_TEST_CASE(who_does_not_wait_gets_an_answer_at_once) {
  const auto accepted = put("own", document({&one}), "", "?wait=0");
  BOOST_TEST(accepted.status == 202);
  BOOST_TEST(accepted.body.at("created") == true);
  BOOST_TEST(!accepted.body.at("waiting").empty());
  BOOST_TEST(eventually([&] { return all->backend_exists("own"); }, std::chrono::seconds(30)));
  BOOST_TEST(put("own", document({&one}), "", "?wait=1d").status == 400);
  BOOST_TEST(put("own", document({&one}), "", "?wait=soon").status == 400);
}

BOOST_AUTO_TEST_CASE(a_backend_of_another_provider_stays_with_it) {
  for (const auto& refused : {put("api-backend", document({&two})), remove("api-backend"),
                              patch("api-backend", "srv1", {{"state", "drain"}})}) {
    BOOST_TEST(refused.status == 409);
    BOOST_TEST(contains(refused.body.at("detail").get<std::string>(), "belongs to the provider db"),
               refused.body.dump());
  }
  BOOST_TEST(all->answered_by({"srv1"}));
}

BOOST_AUTO_TEST_CASE(bad_values_are_named_by_pointer) {
  auto body = document({&one});
  body["servers"][0]["weight"] = 1000;
  const auto refused = put("own", body);
  BOOST_TEST(refused.status == 422);
  BOOST_TEST(refused.body.at("errors").at(0).at("pointer") == "/servers/0/weight",
             refused.body.dump());
  BOOST_TEST(put("own", {{"name", "other"}, {"servers", json::array()}}).status == 422);
  BOOST_TEST(put("own", {{"colour", "red"}}).status == 422);
  BOOST_TEST(put("own", json::array()).status == 422);
  for (const std::string text : {"{", "{\"servers\": [}", "nothing", "{\"a\":1,\"a\":2}"})
    BOOST_TEST(ask("PUT", "/v1/backends/{name}", "/v1/backends/own", text).status == 400, text);
  const auto deep = std::string(100'000, '[');
  BOOST_TEST(ask("PUT", "/v1/backends/{name}", "/v1/backends/own", deep).status == 400);
  BOOST_TEST(patch("own", "srv1", json::object()).status == 422);
  BOOST_TEST(patch("own", "srv1", {{"state", "asleep"}}).status == 422);
  BOOST_TEST(backend("own").status == 404);
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

BOOST_AUTO_TEST_CASE(routes_are_listed_and_set_by_hand) {
  db.sql("INSERT INTO routes (host, path, backend) VALUES ('db.example.com', '/', 'api-backend')");
  BOOST_TEST(put("own", document({&two}), "", "?wait=20s").status == 201);
  const json routes{{"routes", {{{"host", "own.example.com"}, {"path", "/"}, {"backend", "own"}}}}};
  const auto done = ask("PUT", "/v1/routes", "/v1/routes", routes.dump());
  BOOST_TEST(done.status == 200, done.body.dump());
  BOOST_TEST(http_get(all->port(), "/", "own.example.com").body == "srv2");
  BOOST_TEST(eventually([&] { return get("/v1/routes").body.at("count") == 2; }));
  const auto list = get("/v1/routes").body.at("routes");
  BOOST_TEST(list.at(0).at("origin") == "db");
  BOOST_TEST(list.at(1).at("origin") == "manual");
  BOOST_TEST(ask("PUT", "/v1/routes", "/v1/routes", R"({"routes": [{"host": "a b"}]})").status ==
             422);
  BOOST_TEST(ask("PUT", "/v1/routes", "/v1/routes", R"({"backends": []})").status == 422);
}

BOOST_AUTO_TEST_CASE(hostile_hosts_and_origins_are_refused) {
  BOOST_TEST(http_get(all->api_port(), "/v1/status", "evil.example").status == 421);
  BOOST_TEST(http_ask(all->api_port(), "GET", "/v1/status", "", "Origin: http://evil.example\r\n")
                 .status == 403);
}

BOOST_AUTO_TEST_CASE(every_refusal_is_as_described_and_none_is_an_internal_error) {
  const std::string as_text = "Content-Type: text/plain\r\n";
  struct attempt {
    std::string query, body, fields;
  };
  const std::vector<attempt> attempts{
      {"?limit=x&cursor=%00&last=x&wait=x&whole=x", "", ""},
      {"?limit=999999999999999999999&wait=-1s&last=-1", "[]", ""},
      {"", "{", ""},
      {"?wait=0", "{}", ""},
      {"", "[[[[\xff", ""},
      {"", R"({"a":1,"a":2})", ""},
      {"", R"({"weight":1e400,"state":[],"level":{},"routes":7,"backends":null,"servers":"x"})",
       ""},
      {"", "x", as_text},
      {"", std::string(1U << 20U, ' ') + "{}", ""},
      {"", "", "Transfer-Encoding: chunked\r\n"},
      {"", "", "Content-Length: -1\r\n"},
      {"", "", "Content-Length: 99999999999999999999\r\n"},
      {"", "{}", "Content-Encoding: gzip\r\n"},
      {"", "", "Origin: http://evil.example\r\n"},
      {"", "", "Sec-Fetch-Site: cross-site\r\n"},
      {"", "", "If-Match: \"x\"\r\nIf-None-Match: *\r\n"},
      {"", "", "Last-Event-ID: " + std::string(1000, 'x') + "\r\n"}};
  std::map<int, int> seen;
  for (const auto& operation : described.operations()) {
    const auto method = operation.substr(0, operation.find(' '));
    const auto pattern = operation.substr(operation.find(' ') + 1);
    for (const auto& a : attempts) {
      // An event stream that begins does not end.
      auto query = a.query;
      if (pattern == "/v1/events" && query.empty()) query = "?last=x";
      const auto got = ask(method, pattern, with_parameters(pattern) + query, a.body, a.fields);
      BOOST_TEST((got.status >= 200 && got.status < 500), operation << ": " << got.body.dump());
      if (got.status >= 400) BOOST_TEST(got.body.at("status") == got.status, operation);
      ++seen[got.status];
    }
  }
  for (const int status : {400, 403, 404, 409, 411, 413, 415, 422})
    BOOST_TEST(seen.contains(status), status);
  BOOST_TEST(all->answered_by({"srv1"}));
  BOOST_TEST(all->log_count("internal error") == 0U, all->log());
}

BOOST_AUTO_TEST_CASE(an_haproxy_whose_socket_is_gone_is_read_through_its_master) {
  BOOST_REQUIRE(std::rename(all->runtime_socket().c_str(), all->file("moved").c_str()) == 0);
  BOOST_TEST(eventually([&] { return backend("api-backend").body.at("actual").is_object(); }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(without_a_memory_provider_the_remedy_is_said, without_manual) {
  const auto refused = put("own", document({&one}));
  BOOST_TEST(refused.status == 409);
  BOOST_TEST(
      contains(refused.body.at("detail").get<std::string>(), "{name: manual, type: memory}"));
}

BOOST_FIXTURE_TEST_CASE(with_a_token_every_route_needs_it, with_token) {
  for (const auto& operation : described.operations()) {
    const auto method = operation.substr(0, operation.find(' '));
    auto path = operation.substr(operation.find(' ') + 1);
    const auto pattern = path;
    path = with_parameters(path);
    if (path == "/v1/events") path += "?last=no-number";  // else the answer would not end
    const auto ask_as = [&](const std::string& authorization) {
      return ask_raw(method, pattern, path, "", authorization).status;
    };
    BOOST_TEST(ask_as("") == 401, operation);
    BOOST_TEST(ask_as("Authorization: Bearer " + std::string(32, 'x') + "\r\n") == 401, operation);
    BOOST_TEST(ask_as("Authorization: Bearer " + secret + "\r\n") != 401, operation);
  }
  BOOST_TEST(http_ask(all->api_port(), "GET", "/no/such/thing").status == 401);
  BOOST_TEST(!all->log_has(secret));
}

}  // namespace switchyard::tests
