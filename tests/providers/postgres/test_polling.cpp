// Where notifications do not come through: standbys, poolers, and `listen: false`.

#include <boost/test/unit_test.hpp>

#include "tests/providers/postgres/fixture.hpp"
#include "tests/providers/postgres/muting_proxy.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(postgres_polling)

BOOST_AUTO_TEST_CASE(without_listen_changes_are_found_at_the_interval) {
  const database db;
  db.make_tables();
  auto settings = db.settings();
  settings.listen = false;
  settings.interval = 100ms;
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  db.psql(insert_server("api", "srv1"));
  BOOST_CHECK(provider.wait_server("api", "srv1"));
  db.psql("DELETE FROM servers");
  BOOST_CHECK(eventually([&] { return !provider.backend("api"); }));
  // Reads that found nothing new are no reports.
  BOOST_TEST(provider.reports().size() == 3U);
  BOOST_TEST(db.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                     "application_name = 'switchyard' AND state LIKE 'idle in transaction%'") ==
             "0\n");
}

BOOST_AUTO_TEST_CASE(a_channel_that_is_swallowed_is_noticed_and_replaced_by_polling) {
  const database db;
  db.make_tables();
  muting_proxy proxy(db.server.port());
  auto settings = db.settings();
  settings.dsn = db.server.tcp_dsn(db.name, proxy.port());
  settings.interval = 100ms;
  followed provider(settings);
  BOOST_CHECK(provider.wait_reason("PgBouncer"));
  db.psql(insert_server("api", "srv1"));
  BOOST_CHECK(provider.wait_server("api", "srv1"));
}

// Else what is committed between the two would never be told of.
BOOST_AUTO_TEST_CASE(the_tables_are_read_after_the_channel_is_heard) {
  const database db;
  db.make_tables();
  muting_proxy proxy(db.server.port());
  proxy.unmute();
  auto settings = db.settings();
  settings.dsn = db.server.tcp_dsn(db.name, proxy.port());
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  const auto sent = proxy.sent();
  const auto listening = sent.find("LISTEN");
  const auto reading = sent.find(".servers AS t");
  BOOST_REQUIRE(listening != std::string::npos);
  BOOST_REQUIRE(reading != std::string::npos);
  BOOST_TEST(listening < reading);
}

BOOST_AUTO_TEST_CASE(a_session_behind_a_pooler_keeps_no_settings_of_ours) {
  const database db;
  db.make_tables();
  muting_proxy proxy(db.server.port());
  auto settings = db.settings();
  settings.dsn = db.server.tcp_dsn(db.name, proxy.port());
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_reason("PgBouncer"));
  BOOST_TEST(proxy.sent().find("SET LOCAL") != std::string::npos);
  BOOST_TEST(proxy.sent().find("SET default_transaction_read_only") == std::string::npos);
  BOOST_TEST(proxy.sent().find("SET statement_timeout") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_channel_that_works_again_is_used_after_the_resync) {
  const database db;
  db.make_tables();
  muting_proxy proxy(db.server.port());
  auto settings = db.settings();
  settings.dsn = db.server.tcp_dsn(db.name, proxy.port());
  settings.resync = 200ms;
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_reason("PgBouncer"));
  proxy.unmute();
  BOOST_CHECK(provider.wait_live());
}

BOOST_AUTO_TEST_CASE(a_standby_is_read_at_the_interval) {
  const database db;
  db.make_tables();
  const auto standby = db.server.make_standby();
  auto settings = db.settings();
  settings.dsn = standby->dsn(db.name);
  settings.interval = 100ms;
  followed provider(settings);
  BOOST_CHECK(provider.wait_reason("standby"));
  db.psql(insert_server("api", "srv1"));
  BOOST_CHECK(provider.wait_server("api", "srv1"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
