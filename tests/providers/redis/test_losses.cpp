// What Redis tells nobody about: databases that are emptied or swapped, keys whose time is up.

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/providers/redis/fixture.hpp"

namespace switchyard::tests {

namespace {

using clock = std::chrono::steady_clock;

struct filled {
  keyspace db;
  filled() {
    db.set_server("api", "srv1");
    db.set_server("api", "srv2");
    db.set_server("other", "srv1");
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redis_losses, filled)

BOOST_AUTO_TEST_CASE(a_flushed_database_is_noticed_within_two_heartbeats) {
  for (const std::string flush : {"FLUSHDB", "FLUSHALL"}) {
    const filled again;
    const followed provider(db.settings());
    BOOST_REQUIRE(provider.wait_server("other", "srv1"));
    const auto start = clock::now();
    db.cli({flush});
    BOOST_TEST(eventually([&] { return provider.state().backends().empty(); }), flush);
    BOOST_CHECK(clock::now() - start < 9s);
    BOOST_TEST(provider.reports().back().full);
  }
}

BOOST_AUTO_TEST_CASE(a_database_that_is_flushed_and_filled_again_at_once_is_noticed) {
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("other", "srv1"));
  db.pipe(
      "MULTI\nFLUSHDB\n"
      "HSET switchyard:server:api:srv1 address 10.0.9.9 port 99\n"
      "EXEC\n");
  BOOST_TEST(provider.wait_no_server("other", "srv1"));
  BOOST_TEST(provider.wait_no_server("api", "srv2"));
  BOOST_TEST(provider.backend("api")->find("srv1")->address == "10.0.9.9");
}

BOOST_AUTO_TEST_CASE(a_swapped_database_is_noticed_though_its_keys_have_the_same_names) {
  for (const std::string name : {"server:api:srv1", "server:api:srv2", "server:other:srv1"})
    db.cli({"HSET", "switchyard:" + name, "address", "10.0.7.7", "port", "77"}, 4);
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("other", "srv1"));
  const auto start = clock::now();
  db.cli({"SWAPDB", "0", "4"});
  BOOST_TEST(eventually([&] {
    return provider.backend("api")->find("srv2")->port == 77 &&
           provider.backend("other")->find("srv1")->port == 77;
  }));
  BOOST_CHECK(clock::now() - start < 9s);
}

BOOST_AUTO_TEST_CASE(an_empty_database_that_is_swapped_for_a_filled_one_is_noticed) {
  const keyspace empty;
  empty.cli({"HSET", "switchyard:server:api:srv1", "address", "10.0.7.7", "port", "77"}, 4);
  auto settings = empty.settings();
  settings.interval = 1s;
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  empty.cli({"SWAPDB", "0", "4"});
  BOOST_TEST(provider.wait_server("api", "srv1"));
}

// The negative control: where keys cannot be watched nothing tells of it before the next resync.
BOOST_AUTO_TEST_CASE(without_permission_to_watch_that_is_said_and_the_resync_notices) {
  db.cli({"ACL", "SETUSER", "unwatched", "on", "nopass", "~*", "&*", "+@all", "-watch"});
  auto settings = db.settings();
  settings.url = "redis://unwatched:x@127.0.0.1:" + std::to_string(db.server.port());
  settings.heartbeat = 100ms;
  settings.resync = 3s;
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_server("other", "srv1"));
  BOOST_TEST(
      eventually([&] { return contains(provider.health().reason, "at the next resync only"); }));
  const auto start = clock::now();
  db.cli({"FLUSHDB"});
  BOOST_TEST(eventually([&] { return provider.state().backends().empty(); }));
  BOOST_CHECK(clock::now() - start > 500ms);
  BOOST_CHECK(provider.health().value == level::live);
}

BOOST_AUTO_TEST_CASE(a_key_that_expires_is_gone_within_a_second_though_redis_deletes_it_late) {
  db.cli({"DEBUG", "SET-ACTIVE-EXPIRE", "0"});
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("other", "srv1"));
  // The one that was least late of three, since the machine may be busy.
  auto late = clock::duration::max();
  for (const std::string name : {"first", "second", "third"}) {
    const auto before = clock::now();
    db.pipe("HSET switchyard:server:api:" + name +
            " address 10.0.0.1 port 80\nPEXPIRE switchyard:server:api:" + name + " 1000\n");
    const auto start = clock::now();
    BOOST_TEST(provider.wait_server("api", name));
    BOOST_TEST(provider.wait_no_server("api", name));
    const auto gone = clock::now();
    BOOST_CHECK(gone - before >= 1000ms);
    late = std::min(late, gone - start - 1000ms);
  }
  BOOST_CHECK(late < 1s);
  BOOST_TEST(provider.has("api", "srv2"));
  db.cli({"DEBUG", "SET-ACTIVE-EXPIRE", "1"});
}

BOOST_AUTO_TEST_CASE(keys_that_were_there_at_the_start_expire_on_time_too) {
  db.cli({"DEBUG", "SET-ACTIVE-EXPIRE", "0"});
  auto late = clock::duration::max();
  for (const std::string name : {"first", "second", "third"}) {
    db.pipe("HSET switchyard:server:other:" + name +
            " address 10.0.0.1 port 80\nPEXPIRE switchyard:server:other:" + name + " 2000\n");
    const auto start = clock::now();
    const followed provider(db.settings());
    BOOST_TEST(provider.wait_server("other", name));
    BOOST_TEST(provider.wait_no_server("other", name));
    late = std::min(late, clock::now() - start - 2000ms);
  }
  BOOST_CHECK(late < 1s);
  db.cli({"DEBUG", "SET-ACTIVE-EXPIRE", "1"});
}

// Redis deletes keys whose time is up little by little, and tells of each then.
BOOST_AUTO_TEST_CASE(a_key_expires_on_time_among_twenty_thousand_that_do) {
  db.cli({"EVAL",
          "for i = 1, 20000 do local key = 'switchyard:server:b' .. (i % 50) .. ':s' .. i "
          "redis.call('HSET', key, 'address', '10.0.0.1', 'port', '80') "
          "redis.call('PEXPIRE', key, 3600000) end return 1",
          "0"});
  const followed provider(db.settings());
  BOOST_REQUIRE(eventually([&] { return provider.has("b0", "s50"); }, 30s));
  // The quickest of three, since the machine may be busy.
  auto quickest = clock::duration::max();
  for (const std::string name : {"b0:s50", "b1:s51", "b2:s52"}) {
    const auto backend = name.substr(0, 2), server = name.substr(3);
    const auto before = clock::now();
    db.cli({"PEXPIRE", "switchyard:server:" + name, "500"});
    const auto start = clock::now();
    BOOST_TEST(provider.wait_no_server(backend, server));
    BOOST_CHECK(clock::now() - before > 490ms);
    quickest = std::min(quickest, clock::now() - start);
  }
  BOOST_CHECK(quickest < 500ms + 1s);
  BOOST_TEST(provider.has("api", "srv2"));
}

BOOST_AUTO_TEST_CASE(a_refreshed_registration_stays) {
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("other", "srv1"));
  const auto until = clock::now() + 4s;
  while (clock::now() < until) {
    db.cli({"PEXPIRE", "switchyard:server:api:srv1", "1500"});
    BOOST_REQUIRE(provider.has("api", "srv1"));
  }
  db.cli({"PERSIST", "switchyard:server:api:srv1"});
  const auto later = clock::now() + 1700ms;
  BOOST_TEST(eventually([&] { return clock::now() > later; }));
  BOOST_TEST(provider.has("api", "srv1"));
  for (const auto& report : provider.reports())
    BOOST_TEST((report.full || report.backends.empty()));
}

BOOST_AUTO_TEST_CASE(keys_that_redis_evicts_are_gone) {
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("other", "srv1"));
  db.cli({"PEXPIRE", "switchyard:server:api:srv1", "3600000"});
  db.cli({"CONFIG", "SET", "maxmemory-policy", "volatile-lru"});
  db.cli({"CONFIG", "SET", "maxmemory", "100kb"});
  db.cli({"SET", "filler", "x"});
  BOOST_TEST(provider.wait_no_server("api", "srv1"));
  BOOST_TEST(provider.has("api", "srv2"));
  db.cli({"CONFIG", "SET", "maxmemory", "0"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
