// `switchyard doctor` on sources: every finding provoked once, with its remedy.

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>

#include "tests/integration/doctors_patient.hpp"
#include "tests/integration/site.hpp"
#include "tests/providers/postgres/muting_proxy.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/shifted_clock.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_doctor_sources)

namespace {

std::string postgres_entry(const std::string& more, const std::string& user = "postgres") {
  return "  - {name: db, type: postgres, dsn: \"" + database().dsn("postgres", user) + "\"" + more +
         "}\n";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(doctor_of_postgres, patient)

BOOST_AUTO_TEST_CASE(missing_tables_come_with_the_whole_command) {
  use_provider(postgres_entry(", schema: other_place, channel: \"Other one\""));
  BOOST_TEST(examine() > 0);
  BOOST_TEST(has("error", "provider db: ",
                 "switchyard sql --schema other_place --channel 'Other one' | psql"),
             all());
}

BOOST_AUTO_TEST_CASE(listen_is_proven_and_triggers_are_counted) {
  const schema tables;
  const auto entry = ", schema: " + tables.name() + ", channel: " + tables.name();
  use_provider(postgres_entry(entry));
  BOOST_TEST(examine() == 0, all());
  BOOST_TEST(has("ok", "LISTEN: a notification on channel " + tables.name() + " arrived", ""),
             all());
  BOOST_TEST(has("ok", "triggers of schema " + tables.name(), ""), all());
  BOOST_TEST(has("ok", "clock within ", ""), all());
  const auto remedy = "switchyard sql --schema " + tables.name() + " --channel " + tables.name();
  tables.sql("DROP TRIGGER switchyard_truncate ON servers");
  tables.sql("ALTER TABLE routes DISABLE TRIGGER switchyard_insert");
  BOOST_TEST(examine() == 0, all());
  BOOST_TEST(has("warning", "servers: trigger switchyard_truncate is missing", remedy), all());
  BOOST_TEST(has("warning", "routes: trigger switchyard_insert is disabled", remedy), all());
  use_provider(postgres_entry(", schema: " + tables.name() + ", channel: elsewhere"));
  BOOST_TEST(examine() == 0, all());
  BOOST_TEST(has("warning", "notifies channel " + tables.name() + ", not elsewhere",
                 "--channel elsewhere"),
             all());
}

BOOST_AUTO_TEST_CASE(a_standby_that_refuses_listen_is_a_warning) {
  const schema tables;
  const auto standby = database().make_standby();
  use_provider("  - {name: db, type: postgres, dsn: \"" + standby->dsn("postgres") +
               "\", schema: " + tables.name() + "}\n");
  BOOST_TEST(eventually([&] { return examine() == 0; }, std::chrono::seconds(30)), all());
  BOOST_TEST(has("warning", "LISTEN was refused", "listen: false"), all());
}

BOOST_AUTO_TEST_CASE(a_pooler_that_passes_no_notification_on_is_a_warning) {
  const schema tables;
  const muting_proxy pooler(database().port());
  use_provider("  - {name: db, type: postgres, dsn: \"" +
               database().tcp_dsn("postgres", pooler.port()) + "\", schema: " + tables.name() +
               ", channel: " + tables.name() + "}\n");
  BOOST_TEST(examine() == 0, all());
  BOOST_TEST(has("warning", "provider db: LISTEN: ", "listen: false"), all());
  BOOST_TEST(has("warning", "PgBouncer", "pool_mode = session"), all());
}

BOOST_AUTO_TEST_CASE(clocks_that_are_apart_are_a_warning) {
  if (!shifted_clock::available() || !shifted_clock::goes_with(haproxy_binary())) {
    std::printf("NOT RUN: libfaketime is not there, or HAProxy does not start with it\n");
    return;
  }
  const schema tables;
  use_provider(postgres_entry(", schema: " + tables.name() + ", channel: " + tables.name()));
  shifted_clock clock;
  clock.set(std::chrono::hours(1));
  BOOST_TEST(examine(clock.environment()) == 0, all());
  BOOST_TEST(has("warning", "s behind this machine's", "by NTP"), all());
  BOOST_TEST(!has("ok", "clock within ", ""), all());
}

BOOST_AUTO_TEST_CASE(missing_rights_and_users_have_their_own_remedies) {
  const schema tables;
  database().psql("postgres", "CREATE ROLE without_rights LOGIN");
  use_provider(postgres_entry(", schema: " + tables.name(), "without_rights"));
  BOOST_TEST(examine() > 0);
  BOOST_TEST(has("error", "permission denied", "GRANT switchyard TO"), all());
  use_provider(postgres_entry("", "no_such_user"));
  BOOST_TEST(examine() > 0);
  BOOST_TEST(has("error", "does not exist", "user="), all());
}

BOOST_AUTO_TEST_CASE(a_password_that_everybody_can_read_is_a_warning) {
  const schema tables;
  write_text(folder / "password", "secret\n");
  ::chmod((folder / "password").c_str(), 0644);
  use_provider(postgres_entry(", schema: " + tables.name() + ", channel: " + tables.name() +
                              ", password_file: password"));
  examine();
  BOOST_TEST(has("warning", "password_file", "chmod o-rwx"), all());
  BOOST_TEST(!contains(all(), "secret\\n"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(flags_that_a_redis_lacks_are_a_warning, patient) {
  const redis_server registry;
  use_provider("  - {name: registry, type: redis, url: \"" + registry.url() + "\"}\n");
  BOOST_TEST(examine() == 0, all());
  BOOST_TEST(has("warning", "provider registry: notify-keyspace-events lacks the flags Kg$hxe",
                 "into redis.conf"),
             all());
  registry.cli({"CONFIG", "SET", "notify-keyspace-events", "KA"});
  examine();
  BOOST_TEST(has("ok", "notify-keyspace-events has the flags", ""), all());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
