// What changes in Redis is reported, by itself and as a whole.

#include <boost/test/unit_test.hpp>
#include <thread>

#include "providers/redis/reader.hpp"
#include "providers/redis/sentinels.hpp"
#include "providers/redis/session.hpp"
#include "tests/providers/redis/fixture.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(redis_changes)

BOOST_AUTO_TEST_CASE(what_is_there_at_the_start_is_one_full_report) {
  const keyspace db;
  db.pipe(
      "HSET switchyard:backend:api balance leastconn check.type http check.path /healthz\n"
      "HSET switchyard:server:api:srv1 address 10.0.1.10 port 8080 weight 7 state drain "
      "backup true maxconn 9\n"
      "SET switchyard:server:api:10.0.0.2:80 '{\"address\": \"10.0.0.2\", \"port\": 80}'\n"
      "SET switchyard:route:api.example.com/v1 api\n"
      "SET another:server:api:srv9 x\n");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  const auto reports = provider.reports();
  BOOST_REQUIRE_EQUAL(reports.size(), 1U);
  BOOST_TEST(reports[0].full);
  BOOST_TEST(reports[0].refused.empty());
  const auto backend = provider.backend("api");
  BOOST_REQUIRE(backend);
  BOOST_CHECK(backend->settings.balance == model::balance_algorithm::leastconn);
  BOOST_CHECK(backend->settings.check.type == model::check_type::http);
  BOOST_TEST(backend->settings.check.path == "/healthz");
  const model::server srv1{"srv1", "10.0.1.10", 8080, 7, model::server_state::drain, true, 9};
  const model::server other{"10.0.0.2:80", "10.0.0.2", 80};
  BOOST_CHECK((backend->servers == std::vector{other, srv1}));
  BOOST_CHECK((provider.routes() == std::vector<model::route>{{"api.example.com", "/v1", "api"}}));
}

BOOST_AUTO_TEST_CASE(a_hash_or_a_text_that_is_set_or_deleted_is_reported) {
  const keyspace db;
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
  db.cli({"SET", "switchyard:server:api:srv2", R"({"address": "10.0.0.2", "port": 80})"});
  BOOST_TEST(provider.wait_server("api", "srv2"));
  db.cli({"HSET", "switchyard:server:api:srv1", "weight", "0"});
  BOOST_TEST(eventually([&] { return provider.backend("api")->find("srv1")->weight == 0; }));
  db.cli({"DEL", "switchyard:server:api:srv1"});
  BOOST_TEST(provider.wait_no_server("api", "srv1"));
  BOOST_TEST(provider.has("api", "srv2"));
  db.cli({"UNLINK", "switchyard:server:api:srv2"});
  BOOST_TEST(eventually([&] { return provider.backend("api") == nullptr; }));
}

BOOST_AUTO_TEST_CASE(routes_and_settings_follow_their_keys) {
  const keyspace db;
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.cli({"SET", "switchyard:route:*.example.com/", "api"});
  BOOST_TEST(eventually([&] {
    return provider.routes() == std::vector<model::route>{{"*.example.com", "/", "api"}};
  }));
  db.cli({"DEL", "switchyard:route:*.example.com/"});
  BOOST_TEST(eventually([&] { return provider.routes().empty(); }));
  db.cli({"HSET", "switchyard:backend:api", "mode", "tcp"});
  BOOST_TEST(eventually([&] { return provider.backend("api") != nullptr; }));
  db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
  BOOST_CHECK(provider.backend("api")->settings.mode == model::proxy_mode::tcp);
  db.cli({"DEL", "switchyard:backend:api"});
  BOOST_TEST(eventually(
      [&] { return provider.backend("api")->settings.mode == model::proxy_mode::http; }));
  BOOST_TEST(provider.has("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(keys_that_are_renamed_moved_copied_or_restored_are_followed) {
  const keyspace db;
  db.set_server("api", "srv1");
  db.set_server("api", "srv2");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv2"));
  db.cli({"RENAME", "switchyard:server:api:srv1", "switchyard:server:other:new"});
  BOOST_TEST(provider.wait_server("other", "new"));
  BOOST_TEST(provider.wait_no_server("api", "srv1"));
  db.cli({"MOVE", "switchyard:server:api:srv2", "3"});
  BOOST_TEST(provider.wait_no_server("api", "srv2"));
  db.cli({"MOVE", "switchyard:server:api:srv2", "0"}, 3);
  BOOST_TEST(provider.wait_server("api", "srv2"));
  db.cli({"COPY", "switchyard:server:api:srv2", "switchyard:server:api:copy"});
  BOOST_TEST(provider.wait_server("api", "copy"));
  db.cli({"RENAME", "switchyard:server:api:copy", "elsewhere"});
  BOOST_TEST(provider.wait_no_server("api", "copy"));
  db.cli({"EVAL", "redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1])) return 1", "2",
          "elsewhere", "switchyard:server:api:restored"});
  BOOST_TEST(provider.wait_server("api", "restored"));
}

BOOST_AUTO_TEST_CASE(what_one_transaction_or_pipeline_changed_is_one_report) {
  const keyspace db;
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  std::string lines = "MULTI\n";
  for (int i = 0; i < 50; ++i)
    lines += "HSET switchyard:server:b" + std::to_string(i) + ":s address 10.0.0.1 port 80\n";
  db.pipe(lines + "EXEC\n");
  BOOST_REQUIRE(provider.wait_server("b49", "s"));
  const auto reports = provider.reports();
  BOOST_REQUIRE_EQUAL(reports.size(), 2U);
  BOOST_TEST(reports[1].backends.size() == 50U);
  BOOST_TEST(!reports[1].full);
}

BOOST_AUTO_TEST_CASE(an_unchanged_answer_is_no_report) {
  const keyspace db;
  db.set_server("api", "srv1");
  db.cli({"HSET", "switchyard:server:api:bad", "port", "x"});
  auto settings = db.settings();
  settings.resync = 100ms;
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  const auto scans = [&] {
    const auto stats = db.cli({"INFO", "commandstats"});
    const std::string calls = "cmdstat_scan:calls=";
    const auto at = stats.find(calls);
    return at == std::string::npos ? 0UL : std::stoul(stats.substr(at + calls.size()));
  };
  db.cli({"CONFIG", "RESETSTAT"});
  db.set_server("api", "srv1");
  db.cli({"EXPIRE", "switchyard:server:api:srv1", "1000"});
  db.cli({"HSET", "switchyard:server:api:bad", "port", "x"});
  BOOST_TEST(eventually([&] { return scans() >= 5; }));
  BOOST_TEST(provider.reports().size() == 1U);
}

// Where nothing tells of keys that go, their names would be kept for ever.
BOOST_AUTO_TEST_CASE(what_a_full_reading_does_not_find_is_forgotten) {
  using namespace providers::redis;
  const keyspace db;
  const auto settings = db.settings();
  sentinels none(settings, nullptr);
  const auto at = master_of(settings, none);
  BOOST_REQUIRE(at);
  auto session = open_session(settings, *at, nullptr);
  BOOST_REQUIRE(session);
  reader keys(std::move(*session), settings.prefix, settings.timeout, settings.max_bytes);
  const std::set<std::string> server{"server:api:srv1"};
  db.cli({"SET", "switchyard:server:api:srv1", "{}"});
  BOOST_TEST(keys.read(server)->size() == 1U);
  db.cli({"DEL", "switchyard:server:api:srv1"});
  BOOST_TEST(keys.names()->empty());
  db.set_server("api", "srv1");
  db.cli({"CONFIG", "RESETSTAT"});
  BOOST_TEST(keys.read(server)->size() == 1U);
  BOOST_TEST(!contains(db.cli({"INFO", "commandstats"}), "cmdstat_getrange"), "it was a text once");
}

BOOST_AUTO_TEST_CASE(ten_thousand_keys_at_once_are_read_whole) {
  const keyspace db;
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.cli({"EVAL",
          "for i = 1, 10000 do redis.call('HSET', 'switchyard:server:b' .. (i % 100) .. ':s' .. i, "
          "'address', '10.0.0.1', 'port', '80') end return 1",
          "0"});
  const auto count = [&] {
    std::size_t servers = 0;
    const auto state = provider.state();
    for (const auto& [name, backend] : state.backends()) servers += backend->servers.size();
    return servers;
  };
  BOOST_TEST(eventually([&] { return count() == 10'000; }, 30s));
  BOOST_TEST(provider.reports().size() < 20U);
}

BOOST_AUTO_TEST_CASE(a_full_read_of_ten_thousand_keys_asks_for_many_at_once) {
  const keyspace db;
  db.cli({"EVAL",
          "for i = 1, 10000 do redis.call('HSET', 'switchyard:server:b' .. (i % 100) .. ':s' .. i, "
          "'address', '10.0.0.1', 'port', '80') end return 1",
          "0"});
  const auto reads = [&] {
    const auto said = db.cli({"INFO", "stats"});
    const std::string name = "total_reads_processed:";
    return std::stoul(said.substr(said.find(name) + name.size()));
  };
  const auto before = reads();
  const followed provider(db.settings());
  BOOST_REQUIRE(eventually([&] { return provider.state().backends().size() == 100U; }, 30s));
  // A question for each key would be ten thousand.
  BOOST_TEST(reads() - before < 1'000U);
}

BOOST_AUTO_TEST_CASE(control_keys_that_come_one_by_one_are_a_report_each) {
  const keyspace db;
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  const auto before = provider.reports().size();
  for (std::size_t i = 1; i <= 50; ++i) {
    db.set_server("api", "srv" + std::to_string(i));
    BOOST_REQUIRE(eventually([&] { return provider.reports().size() >= before + i; }));
  }
  BOOST_TEST(provider.backend("api")->servers.size() == 50U);
}

BOOST_AUTO_TEST_CASE(flags_are_added_and_none_is_taken_away) {
  const keyspace db;
  db.cli({"CONFIG", "SET", "notify-keyspace-events", "Els"});
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  const auto flags = db.cli({"CONFIG", "GET", "notify-keyspace-events"});
  for (const char flag : std::string("ElsKg$hxe"))
    BOOST_TEST(contains(flags, std::string(1, flag)));
}

BOOST_AUTO_TEST_CASE(flags_that_somebody_takes_away_are_set_again) {
  const keyspace db;
  auto settings = db.settings();
  settings.heartbeat = 100ms;
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  db.pipe(
      "CONFIG SET notify-keyspace-events ''\n"
      "HSET switchyard:server:api:srv1 address 10.0.0.1 port 80\n");
  BOOST_TEST(provider.wait_server("api", "srv1"));
  db.set_server("api", "srv2");
  BOOST_TEST(provider.wait_server("api", "srv2"));
}

BOOST_AUTO_TEST_CASE(without_notifications_everything_is_read_again_and_again) {
  const keyspace db;
  auto settings = db.settings();
  settings.notifications = config::redis_notifications::off;
  settings.interval = 100ms;
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
  db.cli({"FLUSHDB"});
  BOOST_TEST(provider.wait_no_server("api", "srv1"));
  BOOST_TEST(contains(db.cli({"CONFIG", "GET", "notify-keyspace-events"}), "events"));
  BOOST_TEST(db.server.clients() == 1U);
}

// The control: who believes in notifications that do not come hears of nothing.
BOOST_AUTO_TEST_CASE(control_where_they_are_assumed_nothing_tells_of_a_change) {
  const keyspace db;
  auto settings = db.settings();
  settings.interval = 100ms;
  settings.notifications = config::redis_notifications::off;
  const followed reading(settings);
  settings.notifications = config::redis_notifications::assumed;
  const followed assuming(settings);
  BOOST_REQUIRE(reading.wait_live());
  BOOST_REQUIRE(assuming.wait_live());
  db.set_server("api", "srv1");
  BOOST_TEST(reading.wait_server("api", "srv1"));
  db.set_server("api", "srv2");
  BOOST_TEST(reading.wait_server("api", "srv2"));
  BOOST_TEST(!assuming.has("api", "srv1"));
  BOOST_TEST((assuming.health().value == level::live));
}

BOOST_AUTO_TEST_CASE(a_prefix_and_a_database_of_ones_own) {
  const keyspace db;
  auto settings = db.settings();
  settings.url = db.server.url(5);
  settings.prefix = "we?[1]:";
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  db.cli({"HSET", "we?[1]:server:api:srv0", "address", "10.0.0.1", "port", "80"});
  db.cli({"HSET", "wex1:server:api:srv1", "address", "10.0.0.1", "port", "80"}, 5);
  db.cli({"HSET", "we?[1]:server:api:srv2", "address", "10.0.0.1", "port", "80"}, 5);
  BOOST_REQUIRE(provider.wait_server("api", "srv2"));
  BOOST_TEST(provider.backend("api")->servers.size() == 1U);
}

BOOST_AUTO_TEST_CASE(backends_are_read_once_for_check_and_plan) {
  const keyspace db;
  db.set_server("api", "srv1");
  db.set_server("other", "srv1");
  db.cli({"SET", "switchyard:route:/", "api"});
  providers::redis::redis_provider provider("registry", db.settings());
  const auto all = provider.backends();
  BOOST_REQUIRE(all);
  BOOST_TEST(all->full);
  BOOST_TEST(all->backends.size() == 2U);
  BOOST_TEST(all->routes->size() == 1U);
  const auto one = provider.backend("api");
  BOOST_REQUIRE(one);
  BOOST_TEST(!one->full);
  BOOST_REQUIRE(one->backends.size() == 1U);
  BOOST_TEST(one->backends.at("api").value->servers.size() == 1U);
  BOOST_CHECK(provider.backend("none")->backends.at("none").value == nullptr);
  BOOST_TEST(!provider.backend("a/b"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
