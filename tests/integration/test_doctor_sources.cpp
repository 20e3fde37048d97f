// `switchyard doctor` on sources: every finding provoked once, with its remedy.

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/integration/doctors_patient.hpp"
#include "tests/integration/site.hpp"
#include "tests/providers/postgres/muting_proxy.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/tls.hpp"

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
  BOOST_TEST(has("ok", "provider registry: clock within ", ""), all());
}

BOOST_FIXTURE_TEST_CASE(files_with_secrets_that_everybody_can_read_are_a_warning, patient) {
  const auto pair = self_signed("localhost");
  const std::vector<std::pair<std::string, std::string>> secrets{
      {"the settings", "switchyard.yaml"},
      {"provider db: dsn_file", "dsn"},
      {"provider db: password_file", "db-password"},
      {"provider registry: password_file", "redis-password"},
      {"provider registry: sentinel_password_file", "sentinel-password"},
      {"provider registry: key_file", "redis-key"},
      {"provider catalog: token_file", "token"},
      {"provider catalog: header_files.X-Key", "header"},
      {"provider catalog: key_file", "rest-key"},
      {"provider other: password_file", "rest-password"},
      {"provider other: certificate_file", "rest-pair"},
      {"frontend more: certificates", "certificates/own.pem"},
      {"frontend more: certificates", "site.pem.key"},
      {"api.token_file", "api-token"},
      {"api.key", "api-key"},
  };
  std::filesystem::create_directory(folder / "certificates");
  for (const auto& [setting, file] : secrets) write_text(folder / file, "secret\n");
  for (const auto* file : {"redis-key", "rest-key", "site.pem.key", "api-key"})
    write_text(folder / file, pair.key);
  for (const auto* file : {"rest-pair", "certificates/own.pem"})
    write_text(folder / file, pair.pem());
  write_text(folder / "certificate", pair.certificate);
  write_text(folder / "site.pem", pair.certificate);
  write_text(folder / "certificates/chain.crt", pair.certificate);
  write_text(folder / "api-token", "0123456789abcdef0123456789abcdef\n");
  write_text(folder / "dsn", "host=/nowhere dbname=x\n");
  use_provider(
      "  - {name: db, type: postgres, dsn_file: dsn, password_file: db-password}\n"
      "  - {name: registry, type: redis, url: 'redis://app:hunter2@127.0.0.1:1/0', "
      "password_file: redis-password, sentinels: ['127.0.0.1:1'], master: m, "
      "sentinel_password_file: sentinel-password, certificate_file: certificate, "
      "key_file: redis-key}\n"
      "  - {name: catalog, type: rest, url: 'https://127.0.0.1:1/', token_file: token, "
      "header_files: {X-Key: header}, certificate_file: certificate, key_file: rest-key}\n"
      "  - {name: other, type: rest, url: 'https://127.0.0.1:1/', username: me, "
      "password_file: rest-password, certificate_file: rest-pair}\n");
  auto text = read_text(config());
  text.insert(text.find("providers:"),
              "  - {name: more, binds: [{address: 127.0.0.1, port: " + std::to_string(free_port()) +
                  ", certificates: certificates}, {address: 127.0.0.1, port: " +
                  std::to_string(free_port()) + ", certificates: site.pem}]}\n");
  text.insert(text.rfind('}'), ", token_file: api-token, certificate: certificate, key: api-key");
  write_text(config(), text);
  const auto with_mode = [&](mode_t mode) {
    for (const auto& [setting, file] : secrets)
      BOOST_REQUIRE(::chmod((folder / file).c_str(), mode) == 0);
    examine();
  };
  const auto subject = [&](const auto& secret) {
    return "secrets: " + secret.first + " " + (folder / secret.second) + " ";
  };
  with_mode(0644);
  for (const auto& secret : secrets)
    BOOST_TEST(has("warning", subject(secret), "chmod o-rwx " + (folder / secret.second)),
               secret.first << '\n'
                            << all());
  BOOST_TEST(
      !has("warning", "frontend more: certificates " + (folder / "certificates/chain.crt"), ""),
      all());
  BOOST_TEST(!has("warning", "frontend more: certificates " + (folder / "site.pem") + " ", ""),
             all());
  with_mode(0640);
  for (const auto& secret : secrets)
    BOOST_TEST(has("ok", subject(secret), ""), secret.first << '\n' << all());
}

BOOST_FIXTURE_TEST_CASE(settings_hold_no_secret_for_a_comment_that_speaks_of_one, patient) {
  const auto warned = [&] { return has("warning", "secrets: the settings " + config(), "o-rwx"); };
  const std::string comments = "# Basic setup\n#token: see the wiki\n";
  write_text(config(), comments + settings("log: {level: \"info\"}  # no 'password: secret'\n"));
  BOOST_REQUIRE(::chmod(config().c_str(), 0644) == 0);
  BOOST_TEST(examine() == 0, all());
  BOOST_TEST(!warned(), all());
  use_provider("  - {name: hosts, type: exec, command: [\"true\", \"# password=hunter2\"]}\n");
  examine();
  BOOST_TEST(warned(), all());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
