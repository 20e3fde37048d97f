// Keys that cannot be used, and a Redis that says no.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <optional>
#include <thread>

#include "tests/providers/redis/fixture.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(redis_refusals)

BOOST_AUTO_TEST_CASE(a_bad_key_is_refused_and_its_last_good_version_stays) {
  const keyspace db;
  db.set_server("api", "srv1");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  db.cli({"HSET", "switchyard:server:api:srv1", "port", "70000"});
  BOOST_TEST(provider.wait_refusal("switchyard:server:api:srv1", "port: "));
  BOOST_TEST(provider.backend("api")->find("srv1")->port == 8080);
  db.set_server("api", "srv2");
  BOOST_TEST(provider.wait_server("api", "srv2"));
  db.cli({"HSET", "switchyard:server:api:srv1", "port", "81"});
  BOOST_TEST(eventually([&] { return provider.backend("api")->find("srv1")->port == 81; }));
  BOOST_TEST(provider.reports().back().refused.empty());
}

BOOST_AUTO_TEST_CASE(a_value_past_max_depth_is_refused_and_its_last_good_version_stays) {
  const keyspace db;
  db.set_server("api", "srv1");
  auto settings = db.settings();
  settings.max_depth = 5;
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  db.cli({"SET", "switchyard:server:api:srv1", R"({"address": "10.0.0.9", "port": [[[[[]]]]]})"});
  BOOST_TEST(provider.wait_refusal("switchyard:server:api:srv1", "nested deeper than 5 levels"));
  BOOST_TEST(provider.backend("api")->find("srv1")->address == "10.0.1.12");
  db.cli({"HSET", "switchyard:backend:api", "check", R"({"path": [[[[[]]]]]})"});
  BOOST_TEST(provider.wait_refusal("switchyard:backend:api", "nested deeper than 5 levels"));
  db.cli({"SET", "switchyard:server:api:srv1", R"({"address": "10.0.0.9", "port": [[[[]]]]})"});
  BOOST_TEST(provider.wait_refusal("switchyard:server:api:srv1", "port: must be"));
}

BOOST_AUTO_TEST_CASE(keys_of_another_type_are_refused_by_name) {
  const keyspace db;
  db.pipe(
      "RPUSH switchyard:server:api:list x\nSADD switchyard:backend:odd x\n"
      "ZADD switchyard:server:api:zset 1 x\nXADD switchyard:server:api:stream * a b\n"
      "HSET switchyard:route:/hash a b\n");
  db.set_server("api", "srv1");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  BOOST_TEST(provider.wait_refusal("switchyard:server:api:list", "not a list"));
  BOOST_TEST(provider.wait_refusal("switchyard:server:api:zset", "not a zset"));
  BOOST_TEST(provider.wait_refusal("switchyard:server:api:stream", "not a stream"));
  BOOST_TEST(provider.wait_refusal("switchyard:backend:odd", "not a set"));
  BOOST_TEST(provider.wait_refusal("switchyard:route:/hash", "must be a string"));
}

BOOST_AUTO_TEST_CASE(a_key_that_changes_its_type_is_read_as_what_it_is) {
  const keyspace db;
  db.set_server("api", "srv1");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  const std::string key = "switchyard:server:api:srv1";
  db.cli({"SET", key, R"({"address": "10.0.0.1", "port": 81})"});
  BOOST_TEST(eventually([&] { return provider.backend("api")->find("srv1")->port == 81; }));
  db.pipe("MULTI\nDEL " + key + "\nHSET " + key + " address 10.0.0.1 port 82\nEXEC\n");
  BOOST_TEST(eventually([&] { return provider.backend("api")->find("srv1")->port == 82; }));
  db.pipe("MULTI\nDEL " + key + "\nRPUSH " + key + " x\nEXEC\n");
  BOOST_TEST(provider.wait_refusal(key, "not a list"));
  BOOST_TEST(provider.backend("api")->find("srv1")->port == 82);
  db.cli({"DEL", key});
  BOOST_TEST(provider.wait_no_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(values_that_are_too_long_are_refused_and_the_rest_goes_on) {
  const keyspace db;
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.cli({"EVAL",
          "redis.call('SET', KEYS[1], string.rep('x', 100000000)) "
          "redis.call('HSET', KEYS[2], 'address', string.rep('x', 70000)) return 1",
          "2", "switchyard:server:api:long", "switchyard:server:api:hash"});
  BOOST_TEST(provider.wait_refusal("switchyard:server:api:long", "at most 65536 bytes"));
  BOOST_TEST(provider.wait_refusal("switchyard:server:api:hash", "at most 65536 bytes"));
  db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
}

constexpr const char* huge_hash = "switchyard:server:api:huge";

/// A server of 300 fields of 1 MB each, which is more than an answer may have.
void set_huge_hash(const keyspace& db) {
  db.cli({"EVAL",
          "local megabyte = string.rep('x', 1048576) "
          "for i = 1, 300 do redis.call('HSET', KEYS[1], i, megabyte) end return 1",
          "1", huge_hash});
}

BOOST_AUTO_TEST_CASE(a_huge_hash_is_refused_unread_and_the_connections_stay) {
  redis_server server;
  const keyspace db(server);
  db.set_server("api", "srv1");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  const auto connections = [&] {
    const auto stats = db.cli({"INFO", "stats"});
    const auto at = stats.find("total_connections_received:") + 27;
    return std::stoul(stats.substr(at));
  };
  const auto before = connections();
  set_huge_hash(db);
  BOOST_TEST(provider.wait_refusal(huge_hash, "must be at most 65536 bytes; it has about "));
  db.cli({"EVAL", "for i = 1, 200000 do redis.call('HSET', KEYS[1], i, i) end return 1", "1",
          "switchyard:backend:many"});
  BOOST_TEST(provider.wait_refusal("switchyard:backend:many", "it has 200000 fields"));
  db.set_server("api", "srv2");
  BOOST_TEST(provider.wait_server("api", "srv2"));
  db.cli({"DEL", huge_hash});
  db.set_server("api", "huge");
  BOOST_TEST(provider.wait_server("api", "huge"));
  for (const auto& health : provider.healths()) BOOST_TEST((health.value != level::degraded));
  BOOST_TEST(connections() == before + 6);  // our own, one each
}

BOOST_AUTO_TEST_CASE(keys_that_name_nothing_are_told_of) {
  const keyspace db;
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.cli({"SET", "switchyard:servers:api:srv1", "x"});
  BOOST_TEST(provider.wait_refusal("switchyard:servers:api:srv1", "backend:, server: or route:"));
  db.cli({"HSET", "switchyard:backend:api:v2", "mode", "tcp"});
  BOOST_TEST(provider.wait_refusal("switchyard:backend:api:v2", "must not have a colon"));
}

// No full read comes in between, which would tell of it as well.
BOOST_AUTO_TEST_CASE(a_key_that_named_nothing_is_told_of_when_it_is_gone) {
  const keyspace db;
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.cli({"SET", "switchyard:nonsense", "x"});
  BOOST_REQUIRE(provider.wait_refusal("switchyard:nonsense", "backend:, server: or route:"));
  db.cli({"DEL", "switchyard:nonsense"});
  BOOST_TEST(eventually(
      [&] { return provider.reports().back().gone_refusals.contains("switchyard:nonsense"); }));
}

/// A user without what is taken away, and settings for it.
struct restricted {
  keyspace db;
  config::redis_settings settings;

  explicit restricted(std::vector<std::string> rules) {
    std::vector<std::string> words{"ACL", "SETUSER", "restricted", "reset", "on", ">open-sesame"};
    words.insert(words.end(), rules.begin(), rules.end());
    BOOST_REQUIRE(db.cli(words) == "OK");
    settings = db.settings();
    settings.url = "redis://restricted:open-sesame@127.0.0.1:" + std::to_string(db.server.port());
    settings.interval = 100ms;
  }
};

/// The rules of the user in docs/providers/redis.md, after its password.
std::vector<std::string> documented_rules() {
  const auto page = read_text(SWITCHYARD_SOURCE_DIR "/docs/providers/redis.md");
  const std::string begin = "ACL SETUSER switchyard on >password ";
  const auto from = page.find(begin);
  BOOST_REQUIRE(from != std::string::npos);
  std::istringstream words(
      page.substr(from + begin.size(), page.find("```", from) - from - begin.size()));
  std::vector<std::string> rules;
  for (std::string word; words >> word;) rules.push_back(word);
  return rules;
}

BOOST_AUTO_TEST_CASE(the_user_of_the_documentation_suffices) {
  const restricted user(documented_rules());
  const followed provider(user.settings);
  BOOST_REQUIRE(provider.wait_live());
  BOOST_TEST(provider.health().reason == "");
  user.db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
  user.db.cli({"FLUSHDB"});
  BOOST_TEST(provider.wait_no_server("api", "srv1"));
  BOOST_TEST(eventually([&] { return provider.health().value == level::live; }));
}

BOOST_AUTO_TEST_CASE(a_user_that_may_not_ask_for_sizes_is_told_what_follows) {
  const restricted user({"~*", "&*", "+@all", "-memory|usage"});
  user.db.set_server("api", "srv1");
  const followed provider(user.settings);
  BOOST_REQUIRE(provider.wait_live());
  BOOST_TEST(provider.wait_server("api", "srv1"));
  BOOST_TEST(contains(provider.health().reason, "a hash of hundreds of megabytes costs"));
}

// The negative control.
BOOST_AUTO_TEST_CASE(control_where_its_size_cannot_be_asked_for_a_huge_hash_costs_the_connection) {
  const restricted user({"~*", "&*", "+@all", "-memory|usage"});
  const followed provider(user.settings);
  BOOST_REQUIRE(provider.wait_live());
  set_huge_hash(user.db);
  BOOST_TEST(provider.wait_reason("the answer of Redis is too long"));
  user.db.cli({"DEL", huge_hash});
  BOOST_TEST(provider.wait_live());
}

BOOST_AUTO_TEST_CASE(without_config_everything_is_read_again_and_again_and_that_is_said) {
  const restricted user({"~*", "&*", "+@all", "-config"});
  const followed provider(user.settings);
  BOOST_REQUIRE(provider.wait_reason("is not known (CONFIG GET: NOPERM"));
  BOOST_TEST(contains(provider.health().reason, "everything is read every 100ms"));
  user.db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(flags_that_may_not_be_set_are_named) {
  const restricted user({"~*", "&*", "+@all", "-config|set"});
  const followed provider(user.settings);
  BOOST_REQUIRE(provider.wait_reason("lacks the flags Kg$hxe and may not be set (NOPERM"));
  user.db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
  user.db.cli({"CONFIG", "SET", "notify-keyspace-events", "KA"});
  BOOST_TEST(provider.wait_live());
}

BOOST_AUTO_TEST_CASE(assumed_notifications_need_no_permission_to_ask) {
  const restricted user({"~*", "&*", "+@all", "-config"});
  user.db.cli({"CONFIG", "SET", "notify-keyspace-events", "KA"});
  auto settings = user.settings;
  settings.notifications = config::redis_notifications::assumed;
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  user.db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(without_permission_to_subscribe_everything_is_read_again_and_again) {
  const restricted user({"~*", "resetchannels", "+@all"});
  const followed provider(user.settings);
  BOOST_REQUIRE(provider.wait_reason("PSUBSCRIBE: NOPERM"));
  user.db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(a_lost_permission_keeps_the_state_and_heals_when_it_is_back) {
  const restricted user({"~*", "&*", "+@all"});
  user.db.set_server("api", "srv1");
  const followed provider(user.settings);
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  user.db.cli({"ACL", "SETUSER", "restricted", "-hgetall"});
  user.db.set_server("api", "srv2");
  BOOST_REQUIRE(provider.wait_reason("HGETALL: NOPERM"));
  user.db.cli({"DEL", "switchyard:server:api:srv1"});
  BOOST_TEST(provider.has("api", "srv1"));
  user.db.cli({"ACL", "SETUSER", "restricted", "+hgetall"});
  BOOST_TEST(provider.wait_live());
  BOOST_TEST(provider.wait_server("api", "srv2"));
  BOOST_TEST(provider.wait_no_server("api", "srv1"));
}

/// Many servers whose time runs out, two each millisecond, and then more than may be read.
struct outgrown {
  static constexpr int registered = 4000;
  static constexpr int backends = 100;
  keyspace db;
  config::redis_settings settings = db.settings();
  std::optional<followed> provider;

  outgrown() {
    settings.max_bytes = 1 << 20;
    settings.resync = 500ms;
    db.cli({"EVAL",
            "for i = 1, tonumber(ARGV[1]) do "
            "local key = 'switchyard:server:b' .. i % tonumber(ARGV[2]) .. ':r' .. i "
            "redis.call('HSET', key, 'address', '10.0.0.1', 'port', '80') "
            "redis.call('PEXPIRE', key, 3000 + math.floor(i / 2)) end return 1",
            "0", std::to_string(registered), std::to_string(backends)});
    db.set_server("api", "srv1");
    provider.emplace(settings);
    BOOST_REQUIRE(provider->wait_server("b0", "r" + std::to_string(registered)));
    db.cli({"EVAL",
            "for i = 1, 30 do redis.call('SET', 'switchyard:server:api:large' .. i, "
            "string.rep('x', 60000)) end return 1",
            "0"});
    BOOST_REQUIRE(provider->wait_reason("1048576 bytes"));
  }

  std::size_t left() const {
    const auto state = provider->state();
    std::size_t count = 0;
    for (int i = 0; i < backends; ++i)
      if (const auto found = state.find("b" + std::to_string(i))) count += found->servers.size();
    return count;
  }
};

BOOST_AUTO_TEST_CASE(keys_run_out_one_by_one_while_reading_is_refused_and_that_stays_told) {
  outgrown all;
  const auto before = all.provider->healths().size();
  BOOST_TEST(eventually([&] { return all.left() == 0; }, 20s), all.left());
  BOOST_TEST(all.provider->has("api", "srv1"));
  const auto healths = all.provider->healths();
  BOOST_TEST(std::ranges::none_of(healths.begin() + static_cast<std::ptrdiff_t>(before),
                                  healths.end(),
                                  [](const auto& h) { return h.value == level::live; }));
  BOOST_TEST((all.provider->health().value == level::degraded));
  all.db.pipe("FLUSHDB\nHSET switchyard:server:api:srv2 address 10.0.0.1 port 80\n");
  BOOST_TEST(eventually([&] { return all.provider->has("api", "srv2"); }, 30s));
  BOOST_TEST(all.provider->wait_live());
  BOOST_TEST(all.provider->wait_no_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(a_redis_whose_memory_is_full_is_read_nevertheless) {
  redis_server server;
  const keyspace db(server);
  db.set_server("api", "srv1");
  db.set_server("api", "srv2");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv2"));
  db.cli({"CONFIG", "SET", "maxmemory", "1kb"});
  db.cli({"DEL", "switchyard:server:api:srv1"});
  BOOST_TEST(provider.wait_no_server("api", "srv1"));
  db.cli({"FLUSHDB"});
  BOOST_TEST(provider.wait_no_server("api", "srv2"));
  BOOST_CHECK(provider.health().value == level::live);
}

BOOST_AUTO_TEST_CASE(a_redis_that_is_busy_loading_is_not_empty) {
  redis_server server;
  const keyspace db(server);
  db.set_server("api", "srv1");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  // Any script that does not end: everything else is answered by -BUSY.
  db.cli({"CONFIG", "SET", "busy-reply-threshold", "10"});
  std::thread script([&] { db.cli({"EVAL", "while true do end", "0"}); });
  BOOST_TEST(provider.wait_reason("BUSY"));
  BOOST_TEST(provider.has("api", "srv1"));
  db.cli({"SCRIPT", "KILL"});
  script.join();
  BOOST_TEST(provider.wait_live());
  BOOST_TEST(provider.has("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(a_node_of_a_cluster_is_refused_with_a_clear_sentence) {
  redis_server node("cluster-enabled yes");
  config::redis_settings settings;
  settings.url = node.url();
  const followed provider(settings);
  BOOST_TEST(provider.wait_reason("is a node of a Redis Cluster"));
  providers::redis::redis_provider once("registry", settings);
  const auto read = once.backends();
  BOOST_REQUIRE(!read);
  BOOST_CHECK(read.error().kind == base::errc::refused);
  BOOST_TEST(contains(read.error().message, "use a Redis of its own"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
