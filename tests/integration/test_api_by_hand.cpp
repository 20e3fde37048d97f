// The HTTP API of a running switchyard: what is set by it.

#include <boost/test/unit_test.hpp>

#include "tests/integration/running_api.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_api_by_hand)

namespace {

using nlohmann::json;

struct running_default : running_api {};

struct without_manual : running_api {
  without_manual() : running_api({}, false) {}
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(api_by_hand, running_default)

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
  BOOST_TEST(drained.body.at("apply").at("commands") > 0, drained.body.dump());
  const auto is = "127.0.0.1:" + std::to_string(one.port()) + " 7 drain";
  BOOST_TEST(all->server("own", "srv1") == is);
  const auto only_if = [](const std::string& etag) { return "If-Match: " + etag + "\r\n"; };
  BOOST_TEST(patch("own", "srv1", {{"weight", 8}}, only_if(created.etag())).status == 412);
  BOOST_TEST(all->server("own", "srv1") == is);
  BOOST_TEST(patch("own", "srv1", {{"weight", 8}}, only_if(drained.etag())).status == 200);
  BOOST_TEST(all->server("own", "srv1") == "127.0.0.1:" + std::to_string(one.port()) + " 8 drain");

  BOOST_TEST(put("own", document({&one, &two}), "If-None-Match: *\r\n").status == 412);
  BOOST_TEST(put("own", document({&one, &two}), "If-Match: " + created.etag() + "\r\n").status ==
             412);
  const auto more = put("own", document({&one, &two}),
                        "If-Match: " + backend("own").etag() + "\r\n", "?wait=20s");
  BOOST_TEST(more.status == 200, more.body.dump());
  BOOST_TEST(all->server("own", "srv2") ==
             "127.0.0.1:" + std::to_string(two.port()) + " 100 ready");
  BOOST_TEST(put("own", document({&one, &two})).body.at("changed") == false);

  BOOST_TEST(remove("own", "If-Match: " + created.etag() + "\r\n").status == 412);
  const auto removed = remove("own", "", "?wait=60s");
  BOOST_TEST(removed.status == 200, removed.body.dump());
  BOOST_TEST(removed.body.at("apply").is_object(), removed.body.dump());
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

BOOST_AUTO_TEST_CASE(routes_are_listed_and_set_by_hand) {
  db.sql("INSERT INTO routes (host, path, backend) VALUES ('db.example.com', '/', 'api-backend')");
  BOOST_TEST(put("own", document({&two}), "", "?wait=20s").status == 201);
  const json routes{{"routes", {{{"host", "own.example.com"}, {"path", "/"}, {"backend", "own"}}}}};
  const auto set_if = [&](const std::string& etag) {
    return ask("PUT", "/v1/routes", "/v1/routes?wait=20s", routes.dump(),
               "If-Match: " + etag + "\r\n");
  };
  const auto none_yet = get("/v1/routes").etag();
  const auto done = set_if(none_yet);
  BOOST_TEST(done.status == 200, done.body.dump());
  BOOST_TEST(set_if(none_yet).status == 412);
  BOOST_TEST(get("/v1/routes").etag() == done.etag());
  BOOST_TEST(set_if(get("/v1/routes").etag()).status == 200);
  BOOST_TEST(http_get(all->port(), "/", "own.example.com").body == "srv2");
  BOOST_TEST(eventually([&] { return get("/v1/routes").body.at("count") == 2; }));
  const auto list = get("/v1/routes").body.at("routes");
  BOOST_TEST(list.at(0).at("origin") == "db");
  BOOST_TEST(list.at(1).at("origin") == "manual");
  BOOST_TEST(ask("PUT", "/v1/routes", "/v1/routes", R"({"routes": [{"host": "a b"}]})").status ==
             422);
  BOOST_TEST(ask("PUT", "/v1/routes", "/v1/routes", R"({"backends": []})").status == 422);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(without_a_memory_provider_the_remedy_is_said, without_manual) {
  const auto refused = put("own", document({&one}));
  BOOST_TEST(refused.status == 409);
  BOOST_TEST(
      contains(refused.body.at("detail").get<std::string>(), "{name: manual, type: memory}"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
