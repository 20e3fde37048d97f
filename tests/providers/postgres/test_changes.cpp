// A change that commits is reported; what does not commit is not.

#include <boost/test/unit_test.hpp>

#include "tests/providers/postgres/fixture.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(postgres_changes)

BOOST_AUTO_TEST_CASE(the_first_report_is_the_full_view) {
  const database db;
  db.make_tables();
  db.psql(insert_server("api", "srv1") +
          "INSERT INTO backends (name, balance) VALUES ('api', 'leastconn'), ('empty', DEFAULT);"
          "INSERT INTO routes (host, path, backend) VALUES ('api.example.com', '/v1', 'api');");
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  const auto reports = provider.reports();
  BOOST_REQUIRE_EQUAL(reports.size(), 1U);
  BOOST_TEST(reports[0].full);
  BOOST_TEST(reports[0].refused.empty());
  BOOST_REQUIRE_EQUAL(reports[0].backends.size(), 2U);
  const auto& api = *reports[0].backends.at("api").value;
  BOOST_CHECK(api.settings.balance == model::balance_algorithm::leastconn);
  BOOST_REQUIRE_EQUAL(api.servers.size(), 1U);
  BOOST_TEST(api.servers[0].address == "10.0.1.12");
  BOOST_TEST(api.servers[0].port == 8080);
  BOOST_TEST(api.servers[0].weight == 100);
  BOOST_TEST(reports[0].backends.at("empty").value->servers.empty());
  const std::vector<model::route> expected{{"api.example.com", "/v1", "api"}};
  BOOST_CHECK(reports[0].routes == expected);
}

BOOST_AUTO_TEST_CASE(a_server_without_a_backend_row_makes_a_backend_with_default_settings) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.psql(
      "INSERT INTO servers (backend, name, ip, port) "
      "VALUES ('api-backend', 'srv3', '10.0.1.12', 8080);");
  BOOST_REQUIRE(provider.wait_server("api-backend", "srv3"));
  BOOST_CHECK(provider.backend("api-backend")->settings == model::backend_settings{});
}

BOOST_AUTO_TEST_CASE(update_delete_upsert_and_truncate_are_seen) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.psql(insert_server("api", "srv1") + insert_server("api", "srv2"));
  BOOST_REQUIRE(provider.wait_server("api", "srv2"));
  db.psql("UPDATE servers SET weight = 7 WHERE name = 'srv1'");
  BOOST_CHECK(eventually([&] { return provider.backend("api")->find("srv1")->weight == 7; }));
  db.psql(
      "INSERT INTO servers (backend, name, ip, port) VALUES ('api', 'srv1', '10.9.9.9', 81) "
      "ON CONFLICT (backend, name) DO UPDATE SET ip = excluded.ip, port = excluded.port");
  BOOST_CHECK(eventually([&] { return provider.backend("api")->find("srv1")->port == 81; }));
  db.psql("DELETE FROM servers WHERE name = 'srv1'");
  BOOST_CHECK(eventually([&] { return !provider.has("api", "srv1"); }));
  BOOST_CHECK(provider.has("api", "srv2"));
  db.psql("TRUNCATE servers");
  BOOST_CHECK(eventually([&] { return !provider.backend("api"); }));
}

BOOST_AUTO_TEST_CASE(a_server_that_moves_to_another_backend_changes_both) {
  const database db;
  db.make_tables();
  db.psql(insert_server("old", "srv1"));
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("old", "srv1"));
  db.psql("UPDATE servers SET backend = 'new'");
  BOOST_REQUIRE(provider.wait_server("new", "srv1"));
  BOOST_CHECK(!provider.backend("old"));
  BOOST_TEST(provider.reports().size() == 2U);
}

BOOST_AUTO_TEST_CASE(settings_and_routes_are_followed) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.psql(R"(INSERT INTO backends (name, options) VALUES ('api', '{"check": {"type": "http"}}'))");
  BOOST_REQUIRE(eventually([&] { return provider.backend("api") != nullptr; }));
  BOOST_CHECK(provider.backend("api")->settings.check.type == model::check_type::http);
  db.psql("INSERT INTO routes (host, backend) VALUES ('*.example.com', 'api')");
  BOOST_CHECK(eventually([&] {
    return provider.routes() == std::vector<model::route>{{"*.example.com", "/", "api"}};
  }));
  db.psql("DELETE FROM routes");
  BOOST_CHECK(eventually([&] { return provider.routes().empty(); }));
}

BOOST_AUTO_TEST_CASE(a_rollback_reports_nothing) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.psql("BEGIN;" + insert_server("never", "srv1") + "ROLLBACK;" + insert_server("after", "srv1"));
  BOOST_REQUIRE(provider.wait_server("after", "srv1"));
  BOOST_TEST(provider.reports().size() == 2U);  // the full view, and "after"
  BOOST_TEST(!provider.reports()[1].backends.contains("never"));
}

BOOST_AUTO_TEST_CASE(one_transaction_is_one_report) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  std::string script = "BEGIN;";
  for (int b = 0; b < 20; ++b)
    for (int s = 0; s < 25; ++s)
      script += insert_server("b" + std::to_string(b), "srv" + std::to_string(s));
  db.psql(script + "COMMIT;");
  BOOST_REQUIRE(provider.wait_server("b19", "srv24"));
  const auto reports = provider.reports();
  BOOST_REQUIRE_EQUAL(reports.size(), 2U);
  BOOST_TEST(!reports[1].full);
  BOOST_REQUIRE_EQUAL(reports[1].backends.size(), 20U);
  for (const auto& [name, event] : reports[1].backends)
    BOOST_TEST(event.value->servers.size() == 25U);
}

BOOST_AUTO_TEST_CASE(one_transaction_is_one_report_when_its_notifications_fill_many_packets) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  // About 100 kB of notifications, many times the server's 8 kB send buffer.
  db.psql(
      "INSERT INTO servers (backend, name, ip, port) "
      "SELECT repeat('x', 100) || i, 'srv1', '10.0.0.1', 80 FROM generate_series(1, 900) AS i");
  BOOST_REQUIRE(provider.wait_server(std::string(100, 'x') + "900", "srv1"));
  const auto reports = provider.reports();
  BOOST_REQUIRE_EQUAL(reports.size(), 2U);
  BOOST_TEST(reports[1].backends.size() == 900U);
}

BOOST_AUTO_TEST_CASE(a_statement_over_very_many_backends_is_one_full_report) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.psql(
      "INSERT INTO servers (backend, name, ip, port) "
      "SELECT 'b' || i, 'srv1', '10.0.0.1', 80 FROM generate_series(1, 1500) AS i");
  BOOST_REQUIRE(provider.wait_server("b1500", "srv1"));
  BOOST_REQUIRE_EQUAL(provider.reports().size(), 2U);
  BOOST_TEST(provider.reports()[1].full);
}

BOOST_AUTO_TEST_CASE(a_change_that_changes_nothing_is_not_reported) {
  const database db;
  db.make_tables();
  db.psql(insert_server("api", "srv1"));
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.psql("UPDATE servers SET port = port; NOTIFY switchyard, '*';" + insert_server("b", "srv1"));
  BOOST_REQUIRE(provider.wait_server("b", "srv1"));
  for (std::size_t i = 1; i < provider.reports().size(); ++i)
    BOOST_TEST(provider.reports()[i].backends.contains("b"));
}

BOOST_AUTO_TEST_CASE(any_channel_and_schema_work) {
  const database db;
  const std::string channel = R"(Sw"it'chYard; DROP)";
  const std::string schema = R"(Other "Schema'; --)";
  db.make_tables(schema, channel);
  auto settings = db.settings();
  settings.schema = schema;
  settings.channel = channel;
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  db.psql(R"(SET search_path = "Other ""Schema'; --";)" + insert_server("api", "srv1"));
  BOOST_CHECK(provider.wait_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(the_role_of_the_script_suffices) {
  const database db;
  db.make_tables();
  db.psql(
      "DO $$ BEGIN CREATE ROLE reading LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;"
      "GRANT switchyard TO reading; REVOKE CREATE ON SCHEMA public FROM PUBLIC;");
  auto settings = db.settings();
  settings.dsn = db.server.dsn(db.name, "reading");
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  db.psql(insert_server("api", "srv1"));
  BOOST_CHECK(provider.wait_server("api", "srv1"));
  BOOST_CHECK_THROW(db.server.psql(db.name, insert_server("api", "srv2"), "reading"),
                    std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_table_that_is_away_keeps_the_last_state) {
  const database db;
  db.make_tables();
  db.psql(insert_server("api", "srv1"));
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.psql("ALTER TABLE servers RENAME TO servers_away; NOTIFY switchyard, 'api';");
  BOOST_CHECK(provider.wait_reason("servers"));
  BOOST_CHECK(provider.has("api", "srv1"));
  BOOST_TEST(provider.reports().size() == 1U);
  db.psql("ALTER TABLE servers_away RENAME TO servers;" + insert_server("api", "srv2"));
  BOOST_CHECK(provider.wait_server("api", "srv2"));
  BOOST_CHECK(provider.wait_live());
}

BOOST_AUTO_TEST_CASE(control_an_empty_view_in_the_tables_place_is_believed) {
  const database db;
  db.make_tables();
  db.psql(insert_server("api", "srv1"));
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  db.psql(
      "BEGIN; ALTER TABLE servers RENAME TO servers_away;"
      "CREATE VIEW servers AS SELECT * FROM servers_away WHERE false;"
      "NOTIFY switchyard, 'api'; COMMIT;");
  BOOST_CHECK(eventually([&] { return !provider.has("api", "srv1"); }));
  BOOST_CHECK(provider.wait_live());
}

BOOST_AUTO_TEST_CASE(a_permission_that_is_lost_heals_without_a_notification) {
  const database db;
  db.make_tables();
  db.psql(
      "DO $$ BEGIN CREATE ROLE reading LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;"
      "GRANT switchyard TO reading; REVOKE SELECT ON backends FROM switchyard;");
  auto settings = db.settings();
  settings.dsn = db.server.dsn(db.name, "reading");
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_reason("permission denied"));
  BOOST_TEST(provider.reports().empty());
  db.psql("GRANT SELECT ON backends TO switchyard");
  BOOST_CHECK(provider.wait_live());
}

BOOST_AUTO_TEST_CASE(what_was_changed_without_notification_is_found_at_the_resync) {
  const database db;
  db.make_tables();
  auto settings = db.settings();
  settings.resync = 200ms;
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  db.psql("SET session_replication_role = replica;" + insert_server("api", "srv1"));
  BOOST_CHECK(provider.wait_server("api", "srv1"));
  BOOST_TEST(provider.reports().size() == 2U);
}

BOOST_AUTO_TEST_CASE(reading_once_needs_no_start) {
  const database db;
  db.make_tables();
  db.psql(insert_server("api", "srv1"));
  providers::postgres::postgres_provider provider("main-db", db.settings());
  const auto all = provider.backends();
  BOOST_REQUIRE(all);
  BOOST_TEST(all->full);
  BOOST_TEST(all->backends.contains("api"));
  const auto one = provider.backend("api");
  BOOST_REQUIRE(one);
  BOOST_TEST(one->backends.at("api").value->servers.size() == 1U);
  const auto none = provider.backend("nobody");
  BOOST_REQUIRE(none);
  BOOST_TEST(!none->backends.at("nobody").value);
  BOOST_TEST(!provider.backend("no'body"));
}

BOOST_AUTO_TEST_CASE(a_stopped_provider_starts_again_with_a_full_view) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  provider.provider().stop();
  db.psql(insert_server("api", "srv1"));
  provider.provider().start(provider.sink());
  BOOST_CHECK(provider.wait_server("api", "srv1"));
  BOOST_TEST(provider.reports().back().full);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
