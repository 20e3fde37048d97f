// One changed row of a backend: it alone is read, and the backend is reported as a whole.

#include <boost/test/unit_test.hpp>

#include "providers/postgres/reader.hpp"
#include "tests/providers/postgres/populated.hpp"

namespace switchyard::tests {

BOOST_FIXTURE_TEST_SUITE(postgres_servers, populated)

BOOST_AUTO_TEST_CASE(a_change_in_one_row_arrives_with_the_others_intact) {
  const auto reports = reports_of(port_of("srv2", "81"));
  const auto& event = reports.at(0).backends.at("api");
  BOOST_TEST(!reports[0].full);
  BOOST_REQUIRE_EQUAL(event.value->servers.size(), 4U);
  BOOST_TEST(event.value->find("srv2")->port == 81);
  agrees();
}

BOOST_AUTO_TEST_CASE(only_the_row_that_is_named_is_read) {
  // A change that nobody notifies shows which rows are read.
  db.psql("SET session_replication_role = replica;" + port_of("srv1", "99"));
  reports_of(port_of("srv2", "81"));
  BOOST_TEST(provider->backend("api")->find("srv2")->port == 81);
  BOOST_TEST(provider->backend("api")->find("srv1")->port == 8080);
  db.psql("NOTIFY switchyard, 'api/srv1'");
  BOOST_CHECK(eventually([&] { return provider->backend("api")->find("srv1")->port == 99; }));
  agrees();
}

BOOST_AUTO_TEST_CASE(every_column_of_a_row_that_is_read_alone_arrives) {
  reports_of(
      "UPDATE servers SET ip = '::1', port = 65535, weight = 0, state = 'drain', backup = true, "
      "maxconn = 7 WHERE name = 'srv1';");
  const model::server expected{"srv1", "::1", 65535, 0, model::server_state::drain, true, 7};
  BOOST_CHECK(*provider->backend("api")->find("srv1") == expected);
  agrees();
  // What is NULL has its default.
  reports_of(
      "UPDATE servers SET weight = NULL, state = NULL, backup = NULL, maxconn = NULL, "
      "options = NULL WHERE name = 'srv1';");
  BOOST_TEST(provider->backend("api")->find("srv1")->weight == 100);
  agrees();
}

BOOST_AUTO_TEST_CASE(options_of_a_row_that_is_read_alone_count) {
  db.psql(
      "ALTER TABLE servers ALTER COLUMN maxconn DROP DEFAULT; UPDATE servers SET maxconn = NULL;");
  reports_of(R"(UPDATE servers SET options = '{"maxconn": 9}' WHERE name = 'srv1';)");
  BOOST_TEST(provider->backend("api")->find("srv1")->maxconn == 9U);
  agrees();
  const auto refused =
      reports_of(R"(UPDATE servers SET options = '{"weight": 9}' WHERE name = 'srv1';)");
  BOOST_TEST(refusal_of(refused.at(0), "servers(api, srv1)") ==
             "options/weight: is given by a column already");
}

BOOST_AUTO_TEST_CASE(a_table_without_an_optional_column_can_be_read) {
  db.psql("ALTER TABLE servers DROP COLUMN maxconn;");
  reports_of(port_of("srv1", "81"));
  BOOST_TEST(provider->backend("api")->find("srv1")->port == 81);
  agrees();
}

BOOST_AUTO_TEST_CASE(a_payload_of_the_backend_alone_reads_all_of_it) {
  db.psql("SET session_replication_role = replica;" + port_of("srv1", "99") +
          "NOTIFY switchyard, 'api';");
  BOOST_CHECK(eventually([&] { return provider->backend("api")->find("srv1")->port == 99; }));
}

BOOST_AUTO_TEST_CASE(a_new_row_stands_in_its_place) {
  reports_of(insert_server("api", "srv21"));
  BOOST_REQUIRE(provider->has("api", "srv21"));
  agrees();
}

BOOST_AUTO_TEST_CASE(one_deleted_row_leaves_the_others) {
  const auto reports = reports_of("DELETE FROM servers WHERE name = 'srv2';");
  BOOST_TEST(reports.at(0).backends.at("api").value->servers.size() == 3U);
  BOOST_TEST(!provider->has("api", "srv2"));
  agrees();
}

BOOST_AUTO_TEST_CASE(the_last_deleted_row_ends_the_backend) {
  reports_of("DELETE FROM servers WHERE name <> 'srv4';");
  BOOST_TEST(provider->has("api", "srv4"));
  reports_of("DELETE FROM servers WHERE backend = 'api';");
  BOOST_CHECK(!provider->backend("api"));
}

BOOST_AUTO_TEST_CASE(the_last_deleted_row_leaves_a_backend_that_has_a_row_of_its_own) {
  reports_of("INSERT INTO backends (name, mode) VALUES ('api', 'tcp');");
  reports_of("DELETE FROM servers WHERE backend = 'api';");
  BOOST_REQUIRE(provider->backend("api"));
  BOOST_TEST(provider->backend("api")->servers.empty());
  reports_of(insert_server("api", "again"));
  BOOST_CHECK(provider->backend("api")->settings.mode == model::proxy_mode::tcp);
  agrees();
}

BOOST_AUTO_TEST_CASE(a_renamed_row_is_gone_under_its_old_name) {
  const auto reports = reports_of("UPDATE servers SET name = 'srv9' WHERE name = 'srv1';");
  const auto& value = *reports.at(0).backends.at("api").value;
  BOOST_TEST(value.servers.size() == 4U);
  BOOST_TEST(value.find("srv1") == nullptr);
  BOOST_TEST(value.find("srv9") != nullptr);
  agrees();
}

BOOST_AUTO_TEST_CASE(a_row_that_moves_to_another_known_backend_changes_both_at_once) {
  reports_of(insert_server("web", "w1"));
  const auto reports =
      reports_of("UPDATE servers SET backend = 'web' WHERE backend = 'api' AND name = 'srv1';");
  BOOST_TEST(reports.at(0).backends.at("api").value->servers.size() == 3U);
  BOOST_TEST(reports.at(0).backends.at("web").value->servers.size() == 2U);
  agrees();
  agrees("web");
}

BOOST_AUTO_TEST_CASE(two_servers_in_one_transaction_are_one_report) {
  const auto reports = reports_of(port_of("srv1", "81") + port_of("srv3", "83"));
  const auto& value = *reports.at(0).backends.at("api").value;
  BOOST_TEST(value.find("srv1")->port == 81);
  BOOST_TEST(value.find("srv3")->port == 83);
  BOOST_TEST(reports.size() == 2U);  // and the one that reports_of waits for
}

BOOST_AUTO_TEST_CASE(settings_changed_together_with_a_server_are_one_report_of_both) {
  const auto reports = reports_of("INSERT INTO backends (name, mode) VALUES ('api', 'tcp');" +
                                  port_of("srv1", "81"));
  const auto& value = *reports.at(0).backends.at("api").value;
  BOOST_CHECK(value.settings.mode == model::proxy_mode::tcp);
  BOOST_TEST(value.find("srv1")->port == 81);
  BOOST_TEST(value.servers.size() == 4U);
}

BOOST_AUTO_TEST_CASE(routes_changed_together_with_a_server_are_one_report_of_both) {
  const auto reports =
      reports_of("INSERT INTO routes (backend) VALUES ('api');" + port_of("srv1", "81"));
  BOOST_CHECK(reports.at(0).routes == (std::vector<model::route>{{"", "/", "api"}}));
  BOOST_TEST(reports[0].backends.at("api").value->find("srv1")->port == 81);
}

BOOST_AUTO_TEST_CASE(a_refused_row_is_named_and_keeps_the_others_until_it_is_mended) {
  const auto refused = reports_of(port_of("srv1", "0"));
  BOOST_TEST(!refusal_of(refused.at(0), "servers(api, srv1)").empty());
  BOOST_TEST(refused[0].backends.at("api").refused_servers.contains("srv1"));
  BOOST_TEST(refused[0].backends.at("api").value->servers.size() == 3U);
  const auto other = reports_of(port_of("srv2", "82"));
  BOOST_TEST(other.at(0).backends.at("api").refused_servers.contains("srv1"));
  BOOST_TEST(provider->backend("api")->find("srv1")->port == 8080);
  const auto mended = reports_of(port_of("srv1", "81"));
  BOOST_TEST(mended.at(0).backends.at("api").refused_servers.empty());
  BOOST_TEST(provider->backend("api")->find("srv1")->port == 81);
  agrees();
}

BOOST_AUTO_TEST_CASE(a_refused_row_that_is_deleted_is_gone) {
  reports_of(port_of("srv1", "0"));
  const auto reports = reports_of("DELETE FROM servers WHERE name = 'srv1';");
  BOOST_TEST(reports.at(0).backends.at("api").refused_servers.empty());
  BOOST_TEST(!provider->has("api", "srv1"));
  agrees();
}

BOOST_AUTO_TEST_CASE(a_server_changes_while_the_settings_of_its_backend_are_refused) {
  reports_of("INSERT INTO backends (name, mode) VALUES ('api', 'tcp');");
  reports_of(R"(UPDATE backends SET options = '{"mode": "http"}' WHERE name = 'api';)");
  const auto reports = reports_of(port_of("srv1", "81"));
  BOOST_TEST(reports.at(0).backends.at("api").settings_refused);
  BOOST_TEST(provider->backend("api")->find("srv1")->port == 81);
  BOOST_CHECK(provider->backend("api")->settings.mode == model::proxy_mode::tcp);
}

BOOST_AUTO_TEST_CASE(more_servers_than_are_named_one_by_one_arrive_all) {
  reports_of(
      "INSERT INTO servers (backend, name, ip, port) "
      "SELECT 'api', 'more' || i, '10.0.0.1', 80 FROM generate_series(1, 17) AS i;");
  BOOST_TEST(provider->backend("api")->servers.size() == 21U);
  std::string script;
  for (int i = 0; i < 300; ++i) script += insert_server("api", "single" + std::to_string(i));
  const auto reports = reports_of(script);
  BOOST_TEST(reports.at(0).backends.at("api").value->servers.size() == 321U);
  agrees();
}

BOOST_AUTO_TEST_CASE(a_backend_that_was_not_known_is_read_as_a_whole) {
  db.psql(
      "SET session_replication_role = replica;"
      "INSERT INTO backends (name, mode) VALUES ('web', 'tcp');" +
      insert_server("web", "w1"));
  const auto reports = reports_of(insert_server("web", "w2") + port_of("srv1", "81"));
  const auto& web = *reports.at(0).backends.at("web").value;
  BOOST_TEST(web.servers.size() == 2U);
  BOOST_CHECK(web.settings.mode == model::proxy_mode::tcp);
  BOOST_TEST(reports[0].backends.at("api").value->find("srv1")->port == 81);
}

BOOST_AUTO_TEST_CASE(an_upsert_arrives) {
  const std::string upsert =
      "ON CONFLICT (backend, name) DO UPDATE SET ip = excluded.ip, port = excluded.port;";
  reports_of(
      "INSERT INTO servers (backend, name, ip, port) VALUES ('api', 'srv1', '10.9.9.9', 81),"
      " ('api', 'srv5', '10.9.9.8', 85) " +
      upsert);
  BOOST_TEST(provider->backend("api")->find("srv1")->address == "10.9.9.9");
  BOOST_TEST(provider->backend("api")->servers.size() == 5U);
  agrees();
}

BOOST_AUTO_TEST_CASE(a_row_that_changes_many_times_ends_right) {
  std::string script;
  for (int i = 1; i <= 100; ++i) {
    script += port_of("srv1", std::to_string(i));
    script += i % 3 == 0 ? "DELETE FROM servers WHERE name = 'srv5';"
                         : insert_server("api", "srv5") +
                               "DELETE FROM servers WHERE name = "
                               "'srv5';";
  }
  db.psql(script);  // one transaction each
  BOOST_CHECK(eventually([&] { return provider->backend("api")->find("srv1")->port == 100; }));
  BOOST_CHECK(eventually([&] { return !provider->has("api", "srv5"); }));
  agrees();
}

BOOST_AUTO_TEST_CASE(a_lost_session_forgets_what_was_known) {
  db.psql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE datname = current_database() AND pid <> pg_backend_pid();"
      "SET session_replication_role = replica;" +
      port_of("srv3", "83"));
  BOOST_REQUIRE(eventually([&] { return provider->backend("api")->find("srv3")->port == 83; }));
  reports_of(port_of("srv1", "81"));
  agrees();
}

BOOST_AUTO_TEST_CASE(one_row_of_a_big_backend_costs_the_database_no_reading_of_the_others) {
  db.psql(
      "INSERT INTO servers (backend, name, ip, port) "
      "SELECT 'big', 'srv' || i, '10.0.0.1', 80 FROM generate_series(1, 10000) AS i;");
  auto session = providers::postgres::connection::open({db.server.dsn(db.name), {}}, nullptr);
  BOOST_REQUIRE(session);
  const providers::postgres::reader reader(db.settings());
  BOOST_REQUIRE((*session)->query(reader.session_settings(), 5s));
  (*session)->keep_statements();
  const model::backend value{"big", {}, {{.name = "srv1", .address = "10.0.0.2", .port = 80}}};
  const model::backend_event last{std::make_shared<const model::backend>(value), false, false, {}};
  providers::postgres::hints wanted;
  wanted.add("big/srv5000");
  const auto read = reader.read(**session, wanted, nullptr, [&](const auto&) { return &last; });
  BOOST_REQUIRE(read);
  BOOST_TEST(read->backends.at("big").value->servers.size() == 2U);
  // A session shows its counters, all at once, when a later transaction ends.
  const auto counted = [&] {
    return (*session)->query(
        "SELECT idx_tup_fetch, seq_tup_read FROM pg_stat_user_tables WHERE relname = 'servers'",
        5s);
  };
  BOOST_REQUIRE(eventually([&] { return std::stol(counted()->at(0).at(0).value()) > 0; }));
  const auto after = counted();
  BOOST_TEST(std::stol(after->at(0).at(0).value()) < 20);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
