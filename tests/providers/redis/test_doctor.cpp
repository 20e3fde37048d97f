// What `switchyard doctor` is told of a Redis.

#include <boost/test/unit_test.hpp>

#include "providers/redis/redis_provider.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

namespace {

using severity = providers::diagnosis::level;

std::vector<providers::diagnosis> look(const config::redis_settings& settings) {
  return providers::redis::redis_provider("registry", settings).diagnose();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_doctor)

BOOST_AUTO_TEST_CASE(missing_flags_are_named_and_not_set) {
  redis_server server;
  config::redis_settings settings;
  settings.url = server.url();
  auto found = look(settings);
  BOOST_REQUIRE_EQUAL(found.size(), 5U);
  BOOST_CHECK(found[0].value == severity::warning);
  BOOST_TEST(contains(found[0].text, "lacks the flags Kg$hxe"));
  BOOST_TEST(server.cli({"CONFIG", "GET", "notify-keyspace-events"}) == "notify-keyspace-events");
  settings.notifications = config::redis_notifications::assumed;
  BOOST_CHECK(look(settings)[0].value == severity::error);
  server.cli({"CONFIG", "SET", "notify-keyspace-events", "KA"});
  for (const auto& one : look(settings)) BOOST_CHECK(one.value == severity::ok);
}

BOOST_AUTO_TEST_CASE(permissions_that_lack_are_named_with_their_remedy) {
  redis_server server;
  server.cli({"ACL", "SETUSER", "poor", "on", ">x", "~*", "resetchannels", "+@all", "-config",
              "-watch", "-memory", "-time"});
  config::redis_settings settings;
  settings.url = "redis://poor:x@127.0.0.1:" + std::to_string(server.port());
  const auto found = look(settings);
  BOOST_REQUIRE_EQUAL(found.size(), 5U);
  BOOST_TEST(contains(found[0].remedy, "`notifications: assume`"));
  BOOST_TEST(contains(found[1].text, "at the next resync only"));
  BOOST_TEST(contains(found[2].text, "a hash of hundreds of megabytes would cost"));
  BOOST_TEST(found[2].remedy == "permit HLEN and MEMORY USAGE");
  BOOST_CHECK(found[3].value == severity::error);
  BOOST_TEST(contains(found[3].remedy, "&__keyspace@0__:switchyard:*"));
  BOOST_CHECK(found[4].value == severity::warning);
  BOOST_TEST(found[4].remedy == "permit TIME");
  settings.url = "redis://poor:wrong@127.0.0.1:" + std::to_string(server.port());
  const auto refused = look(settings);
  BOOST_REQUIRE_EQUAL(refused.size(), 1U);
  BOOST_TEST(contains(refused[0].remedy, "password_file"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
