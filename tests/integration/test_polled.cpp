// The main job with sources that tell of nothing and are asked again and again.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <mutex>

#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/http_api.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_polled)

namespace {

std::string server_json(const http_upstream& upstream) {
  return R"({"name": ")" + upstream.name() + R"(", "address": "127.0.0.1", "port": )" +
         std::to_string(upstream.port()) + "}";
}

std::string document_of(const std::vector<const http_upstream*>& upstreams) {
  std::string servers;
  for (const auto* u : upstreams) servers += (servers.empty() ? "" : ", ") + server_json(*u);
  return R"({"backends": [{"name": "api-backend", "servers": [)" + servers + "]}]}";
}

struct polled {
  http_upstream one{"srv1"}, two{"srv2"};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(polled_sources, polled)

BOOST_AUTO_TEST_CASE(what_a_command_prints_carries_traffic_without_a_reload) {
  const temp_dir folder;
  write_text(folder / "document", document_of({&one}));
  site gateway("  - {name: hosts, type: exec, command: [cat, " + (folder / "document") +
               "], interval: 100ms}\n");
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  const auto worker = gateway.worker_pid();
  write_text(folder / "document", document_of({&one, &two}));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
  auto weighed = document_of({&one, &two});
  weighed.replace(weighed.rfind("\"port\""), 6, "\"weight\": 7, \"port\"");
  write_text(folder / "document", weighed);
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2",
                                    "127.0.0.1:" + std::to_string(two.port()) + " 7 ready"),
             gateway.log());
  std::filesystem::remove(folder / "document");
  BOOST_TEST(eventually([&] { return gateway.log_has("cat: exited with code 1: \"/"); }),
             gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
  write_text(folder / "document", document_of({&two}));
  BOOST_TEST(gateway.answered_by({"srv2"}), gateway.log());
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(what_an_api_answers_carries_traffic_without_a_reload) {
  std::mutex mutex;
  auto said = http_api::answer(200, document_of({&one}));
  http_api api([&](const http_api::request&) {
    const std::lock_guard lock(mutex);
    return said;
  });
  const auto say = [&](int status, const std::string& body) {
    const std::lock_guard lock(mutex);
    said = http_api::answer(status, body);
  };
  site gateway("  - {name: catalog, type: rest, url: \"" + api.url("/v1?key=geheim") +
               "\", interval: 100ms, transform: \"{backends: .backends}\"}\n");
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  const auto worker = gateway.worker_pid();
  say(200, document_of({&one, &two}));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
  auto drained = document_of({&one, &two});
  drained.replace(drained.find("\"port\""), 6, "\"state\": \"drain\", \"port\"");
  say(200, drained);
  BOOST_TEST(gateway.answered_by({"srv2"}), gateway.log());
  say(503, "<html>");
  BOOST_TEST(eventually([&] { return gateway.log_has("answered 503"); }), gateway.log());
  BOOST_TEST(gateway.answered_by({"srv2"}), gateway.log());
  say(200, document_of({&two}));
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", ""), gateway.log());
  BOOST_TEST(gateway.answered_by({"srv2"}), gateway.log());
  BOOST_TEST(gateway.worker_pid() == worker);
  BOOST_TEST(!gateway.log_has("geheim"), gateway.log());
}

// A source that is always read whole, and one that tells of each change.
BOOST_AUTO_TEST_CASE(answers_and_keys_past_max_objects_keep_what_was_served) {
  redis_server& registry = shared_redis();
  registry.cli({"FLUSHALL"});
  registry.cli({"HSET", "switchyard:server:shop:srv1", "address", "127.0.0.1", "port", "80"});
  std::atomic<int> more = 0;
  http_api api([&](const http_api::request&) {
    std::string servers = server_json(one);
    for (int i = 1; i <= more; ++i)
      servers +=
          R"(, {"name": "t)" + std::to_string(i) + R"(", "address": "127.0.0.1", "port": 80})";
    return http_api::answer(
        200, R"({"backends": [{"name": "api-backend", "servers": [)" + servers + "]}]}");
  });
  const site gateway(
      "  - {name: registry, type: redis, max_objects: 4, url: \"" + registry.url() +
      "\"}\n  - {name: catalog, type: rest, max_objects: 4, interval: 100ms, url: \"" + api.url() +
      "\"}\n");
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  BOOST_REQUIRE(eventually([&] { return !gateway.server("shop", "srv1").empty(); }));
  more = 4;
  registry.cli({"EVAL",
                "for i = 1, 4 do redis.call('HSET', 'switchyard:server:shop:t' .. i, 'address', "
                "'127.0.0.1', 'port', '80') end return 1",
                "0"});
  for (const std::string provider : {"registry", "catalog"})
    BOOST_TEST(
        eventually([&] {
          return gateway.log_has(provider +
                                 ": the source has 6 backends, servers and routes, more than "
                                 "max_objects (4)");
        }),
        gateway.log());
  for (const auto* backend : {"shop", "api-backend"})
    for (const auto* name : {"t1", "t4"}) BOOST_TEST(gateway.server(backend, name).empty());
  BOOST_TEST(!gateway.server("shop", "srv1").empty());
  BOOST_TEST(gateway.answered_by({"srv1"}));
  more = 1;
  for (int i = 2; i <= 4; ++i)
    registry.cli({"DEL", "switchyard:server:shop:t" + std::to_string(i)});
  for (const auto* backend : {"shop", "api-backend"})
    BOOST_TEST(eventually([&] { return !gateway.server(backend, "t1").empty(); }), gateway.log());
}

BOOST_AUTO_TEST_CASE(check_tells_what_is_wrong_with_a_source_and_the_remedy) {
  const files installation;
  const auto said_of = [&](const std::string& entry) {
    installation.use_provider("  - " + entry + "\n");
    const auto result = switchyard({"check", "--config", installation.config()});
    BOOST_TEST(result.exit_code == 1, result.output);
    return result.output;
  };
  const auto wrong = said_of(
      R"({name: catalog, type: rest, url: "http://127.0.0.1:1/", transform: ".a |\n .b["})");
  BOOST_TEST(contains(wrong, "provider catalog"), wrong);
  BOOST_TEST(contains(wrong, "transform: line 2: syntax error"), wrong);
  const auto away =
      said_of(R"({name: catalog, type: rest, url: "http://me:geheim@127.0.0.1:1/v1?key=geheim"})");
  BOOST_TEST(contains(away, "http://127.0.0.1:1/v1?…: Failed to connect"), away);
  BOOST_TEST(contains(away, "start the source"), away);
  BOOST_TEST(!contains(away, "geheim"), away);
  const auto failed =
      said_of(R"({name: hosts, type: exec, command: [sh, -c, "echo no >&2; exit 4"]})");
  BOOST_TEST(contains(failed, "provider hosts: sh: exited with code 4: \"no\""), failed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
