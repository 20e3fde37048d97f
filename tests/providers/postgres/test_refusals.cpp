// Values that no constraint kept out: each is refused by name, and the rest goes on.

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "tests/providers/postgres/fixture.hpp"
#include "tests/support/support.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace switchyard::tests {

namespace {

/// Tables with the columns of the script and no constraint at all.
constexpr std::string_view loose_tables =
    "CREATE TABLE backends (name text, mode text, balance text, protocol text, options jsonb);"
    "CREATE TABLE servers (backend text, name text, ip inet, fqdn text, port integer,"
    "  weight integer, state text, backup boolean, maxconn bigint, options jsonb);"
    "CREATE TABLE routes (host text, path text, backend text);";

/// The full view of loose tables after some statements.
model::report view_of(const std::string& sql) {
  const database db;
  db.psql(std::string(loose_tables) + insert_server("good", "srv1") + sql);
  providers::postgres::postgres_provider provider("main-db", db.settings());
  auto report = provider.backends();
  BOOST_REQUIRE(report);
  BOOST_REQUIRE(report->backends.contains("good"));
  BOOST_TEST(report->backends.at("good").value->servers.size() == 1U);
  return std::move(*report);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_refusals)

BOOST_AUTO_TEST_CASE(names_that_haproxy_cannot_have_are_refused_and_quoted) {
  const auto report =
      view_of(insert_server("a", "srv;drop") + insert_server("a", "two words") +
              "INSERT INTO servers (backend, name, ip, port) VALUES"
              " ('a', E'line\\nbreak', '10.0.0.1', 80), ('a', repeat('s', 300), '10.0.0.1', 80),"
              " ('a', NULL, '10.0.0.1', 80), (E'b\\n', 's', '10.0.0.1', 80),"
              " (NULL, 's', '10.0.0.1', 80);"
              "INSERT INTO backends (name) VALUES ('x y'), (repeat('b', 300)), (E'c\\r');");
  BOOST_TEST(report.refused.size() == 10U);
  std::set<std::string> keys;
  for (const auto& refused : report.refused) {
    BOOST_TEST(!refused.reason.empty());
    keys.insert(refused.key);
  }
  const auto cut = [](char letter) { return "\"" + std::string(60, letter) + "…\""; };
  const std::set<std::string> wanted{
      "backends(" + cut('b') + ")",   R"(backends("c\r"))",         R"(backends("x y"))",
      R"(servers("b\n", s))",         "servers(NULL, s)",           R"(servers(a, "line\nbreak"))",
      "servers(a, " + cut('s') + ")", R"(servers(a, "two words"))", "servers(a, NULL)",
      "servers(a, srv;drop)"};
  BOOST_TEST(keys == wanted, boost::test_tools::per_element());
  BOOST_TEST(contains(refusal_of(report, "servers(a, srv;drop)"), "name"));
  BOOST_REQUIRE_EQUAL(report.backends.size(), 2U);
  // The backend exists, though none of its servers could be read.
  BOOST_TEST(report.backends.at("a").value->servers.empty());
  BOOST_TEST(report.backends.at("a").refused_servers.empty());
}

BOOST_AUTO_TEST_CASE(bad_values_of_a_server_are_refused_by_its_name) {
  const auto report = view_of(
      "INSERT INTO servers (backend, name, ip, fqdn, port, weight, state, maxconn, options) VALUES"
      " ('a', 'port0', '10.0.0.1', NULL, 0, 1, 'ready', 0, '{}'),"
      " ('a', 'port70000', '10.0.0.1', NULL, 70000, 1, 'ready', 0, '{}'),"
      " ('a', 'noport', '10.0.0.1', NULL, NULL, 1, 'ready', 0, '{}'),"
      " ('a', 'light', '10.0.0.1', NULL, 1, -1, 'ready', 0, '{}'),"
      " ('a', 'heavy', '10.0.0.1', NULL, 1, 257, 'ready', 0, '{}'),"
      " ('a', 'gone', '10.0.0.1', NULL, 1, 1, 'gone', 0, '{}'),"
      " ('a', 'net', '10.0.0.0/8', NULL, 1, 1, 'ready', 0, '{}'),"
      " ('a', 'masked', '10.0.0.1/24', NULL, 1, 1, 'ready', 0, '{}'),"
      " ('a', 'none', NULL, NULL, 1, 1, 'ready', 0, '{}'),"
      " ('a', 'host', NULL, 'a\"b', 1, 1, 'ready', 0, '{}'),"
      " ('a', 'many', '10.0.0.1', NULL, 1, 1, 'ready', 9999999999, '{}'),"
      " ('a', 'unknown', '10.0.0.1', NULL, 1, 1, 'ready', 0, '{\"check\": \"x\"}'),"
      " ('a', 'nested', '10.0.0.1', NULL, 1, 1, 'ready', 0, '{\"a\": [[{\"b\": [1]}]]}'),"
      " ('a', 'list', '10.0.0.1', NULL, 1, 1, 'ready', 0, '[1]'),"
      " ('a', 'twice', '10.0.0.1', NULL, 1, 1, 'ready', 0, '{\"weight\": 5}');");
  const auto& event = report.backends.at("a");
  BOOST_TEST(event.value->servers.empty());
  BOOST_TEST(event.refused_servers.size() == 15U);
  BOOST_TEST(report.refused.size() == 15U);
  BOOST_TEST(contains(refusal_of(report, "servers(a, port70000)"), "port: "));
  BOOST_TEST(contains(refusal_of(report, "servers(a, net)"), "ip or fqdn: "));
  BOOST_TEST(contains(refusal_of(report, "servers(a, none)"), "ip"));
  BOOST_TEST(contains(refusal_of(report, "servers(a, host)"), "ip or fqdn: "));
  BOOST_TEST(contains(refusal_of(report, "servers(a, gone)"), "state: "));
  BOOST_TEST(contains(refusal_of(report, "servers(a, twice)"), "options/weight: is given by"));
}

BOOST_AUTO_TEST_CASE(bad_settings_are_refused_and_the_servers_go_on) {
  const auto report = view_of(
      insert_server("a", "srv1") +
      "INSERT INTO backends VALUES ('a', 'http', 'static-rr', 'auto', '{}'),"
      " ('b', 'http', 'random', 'auto', '{\"servers\": []}'), ('c', NULL, NULL, NULL, '5'),"
      " ('d', NULL, NULL, NULL, '{\"check\": {\"path\": \"/a b\", \"type\": \"http\"}}'),"
      " ('e', 'tcp', NULL, 'h2', '{}'), ('f', 'http', NULL, NULL, '{\"mode\": \"tcp\"}'),"
      " ('g', NULL, NULL, NULL, '{}'), ('g', 'tcp', NULL, NULL, '{}'),"
      " ('ok', NULL, NULL, NULL, '{\"mode\": \"tcp\", \"timeouts\": {\"server\": \"9s\"}}');");
  for (const std::string name : {"a", "b", "c", "d", "e", "f", "g"}) {
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(report.backends.at(name).settings_refused);
      BOOST_CHECK(report.backends.at(name).value->settings == model::backend_settings{});
      BOOST_TEST(!refusal_of(report, "backends(" + name + ")").empty());
    }
  }
  BOOST_TEST(report.backends.at("a").value->servers.size() == 1U);
  BOOST_TEST(!report.backends.at("ok").settings_refused);
  BOOST_CHECK(report.backends.at("ok").value->settings.mode == model::proxy_mode::tcp);
  BOOST_CHECK(report.backends.at("ok").value->settings.timeouts.server == 9s);
}

BOOST_AUTO_TEST_CASE(bad_routes_are_refused_by_host_and_path) {
  const auto report = view_of(
      "INSERT INTO routes VALUES ('a b', '/', 'x'), ('A.example', '/v1/', 'x'),"
      " ('a.example', '/v1', 'y'), ('h', '/;', 'x'), ('ok', '/', 'bad name'), (NULL, NULL, 'x');");
  const std::vector<model::route> expected{{"", "/", "x"}, {"a.example", "/v1", "x"}};
  BOOST_CHECK(report.routes == expected);
  BOOST_TEST(report.refused.size() == 4U);
  BOOST_TEST(contains(refusal_of(report, "routes(a.example, /v1)"), "to the backend x"));
  BOOST_TEST(contains(refusal_of(report, "routes(ok, /)"), "backend: "));
  for (const auto* key : {"routes(\"a b\", /)", "routes(h, /;)"})
    BOOST_TEST(refusal_of(report, key) != "", key);
  BOOST_TEST(report.refused_routes.contains({"ok", "/"}));
}

// The schema lets it in, and no full read comes in between.
BOOST_AUTO_TEST_CASE(a_refused_route_is_told_of_when_it_is_gone) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  const std::string key = "routes(a.example, /%zz)";
  db.psql("INSERT INTO routes VALUES ('a.example', '/%zz', 'shop')");
  BOOST_REQUIRE(eventually([&] { return !refusal_of(provider.reports().back(), key).empty(); }));
  db.psql("DELETE FROM routes");
  BOOST_TEST(eventually([&] { return refusal_of(provider.reports().back(), key).empty(); }));
}

BOOST_AUTO_TEST_CASE(two_rows_of_one_server_are_both_refused) {
  const auto report = view_of(insert_server("a", "srv1") + insert_server("a", "srv1", "10.0.0.2"));
  BOOST_TEST(report.backends.at("a").value->servers.empty());
  BOOST_TEST(report.backends.at("a").refused_servers.contains("srv1"));
  BOOST_TEST(contains(refusal_of(report, "servers(a, srv1)"), "more than one row"));
}

BOOST_AUTO_TEST_CASE(columns_may_have_other_types) {
  const database db;
  db.psql(
      "CREATE TABLE backends (name varchar, options json);"
      "CREATE TABLE servers (backend varchar(40), name varchar(40), ip text, port text, note text,"
      "  options text);"
      "CREATE TABLE routes (host text, path text, backend text);"
      "INSERT INTO servers VALUES ('a', 's1', '10.0.0.1', '8080', 'mine', NULL),"
      " ('a', 's2', '::0001', '080', NULL, NULL), ('a', 's3', 'x y', '80', NULL, NULL),"
      " ('a', 's4', '10.0.0.1', '80', NULL, 'text');"
      R"(INSERT INTO backends VALUES ('twice', '{"mode": "tcp", "mode": "http"}');)");
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  const auto report = provider.reports().at(0);
  BOOST_REQUIRE_EQUAL(report.backends.at("a").value->servers.size(), 1U);
  BOOST_TEST(report.backends.at("a").value->servers[0].port == 8080);
  BOOST_TEST(report.backends.at("a").refused_servers.size() == 3U);
  BOOST_TEST(report.backends.at("twice").settings_refused);
  db.psql(
      "UPDATE servers SET ip = '::0001', port = '80' WHERE name = 's2'; NOTIFY switchyard, 'a'");
  BOOST_REQUIRE(provider.wait_server("a", "s2"));
  BOOST_TEST(provider.backend("a")->find("s2")->address == "::1");
}

BOOST_AUTO_TEST_CASE(a_server_that_turns_bad_keeps_its_last_good_version) {
  const database db;
  db.make_tables();
  db.psql(insert_server("a", "srv1") + insert_server("a", "srv2") +
          "ALTER TABLE servers DROP CONSTRAINT servers_port");
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.psql(
      "UPDATE servers SET port = 0 WHERE name = 'srv1'; "
      "UPDATE servers SET port = 9 WHERE name = 'srv2';");
  BOOST_CHECK(eventually([&] { return provider.backend("a")->find("srv2")->port == 9; }));
  BOOST_TEST(provider.backend("a")->find("srv1")->port == 8080);
  db.psql("DELETE FROM servers WHERE name = 'srv1'");
  BOOST_CHECK(eventually([&] { return !provider.has("a", "srv1"); }));
}

BOOST_AUTO_TEST_CASE(a_column_past_max_depth_refuses_its_row_whose_last_good_version_stays) {
  const database db;
  db.psql(std::string(loose_tables) + insert_server("a", "srv1") +
          "ALTER TABLE servers ADD notes jsonb DEFAULT '[[[[[[[[]]]]]]]]';");
  auto settings = db.settings();
  settings.max_depth = 5;
  settings.listen = false;
  settings.interval = 100ms;
  const followed provider(settings);
  // A column that switchyard does not read may be as deep as it likes.
  BOOST_REQUIRE(provider.wait_server("a", "srv1"));
  const auto refused_with = [&](std::string_view reason) {
    return eventually([&] {
      return contains(refusal_of(provider.reports().back(), "servers(a, srv1)"), reason);
    });
  };
  db.psql(R"(UPDATE servers SET ip = '10.0.0.9', options = '{"check": [[[[[]]]]]}')");
  BOOST_TEST(refused_with("nested deeper than 5 levels"));
  BOOST_TEST(provider.backend("a")->find("srv1")->address == "10.0.1.12");
  db.psql(R"(UPDATE servers SET options = '{"check": [[[[]]]]}')");
  BOOST_TEST(eventually([&] {
    const auto reason = refusal_of(provider.reports().back(), "servers(a, srv1)");
    return contains(reason, "check") && !contains(reason, "nested");
  }));
}

BOOST_AUTO_TEST_CASE(a_database_whose_text_is_no_utf8_is_a_reason_and_no_empty_view) {
  const database db;
  const std::string ascii = db.name + "_ascii";
  db.psql("CREATE DATABASE " + ascii + " ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0");
  db.server.psql(ascii, std::string(loose_tables) + insert_server("good", "srv1"));
  auto settings = db.settings();
  settings.dsn = db.server.dsn(ascii);
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_server("good", "srv1"));
  db.server.psql(ascii, "UPDATE servers SET state = E'\\xff\\xfe'; NOTIFY switchyard, 'good';");
  BOOST_CHECK(provider.wait_reason("invalid byte sequence"));
  BOOST_CHECK(provider.has("good", "srv1"));
}

BOOST_AUTO_TEST_CASE(rows_past_max_bytes_leave_the_last_good_view_until_they_are_fewer) {
  const database db;
  db.make_tables();
  db.psql(insert_server("api", "srv1"));
  auto settings = db.settings();
  settings.max_bytes = 4096;
  settings.resync = 1s;
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  db.psql(
      "INSERT INTO servers (backend, name, ip, port) "
      "SELECT 'many', 'srv' || i, '10.0.0.1', 80 FROM generate_series(1, 100) AS i;");
  BOOST_CHECK(provider.wait_reason("max_bytes (4096 bytes)"));
  BOOST_CHECK(provider.wait_reason("raise max_bytes"));
  BOOST_TEST(!provider.backend("many"));
  BOOST_TEST(provider.backend("api") != nullptr);
  db.psql("DELETE FROM servers WHERE backend = 'many' AND name <> 'srv7'");
  BOOST_CHECK(provider.wait_server("many", "srv7"));
}

BOOST_AUTO_TEST_CASE(a_busy_source_that_is_too_large_is_not_read_again_at_every_notification) {
  const database db;
  db.make_tables();
  db.psql(insert_server("api", "srv1") +
          "INSERT INTO servers (backend, name, ip, port) "
          "SELECT 'many', 'srv' || i, '10.0.0.1', 80 FROM generate_series(1, 100) AS i;");
  const tcp_proxy proxy(db.server.port());
  auto settings = db.settings();
  settings.dsn = db.server.tcp_dsn(db.name, proxy.port());
  settings.max_bytes = 4096;
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_reason("max_bytes (4096 bytes)"));
  const auto reads = [&] {
    const auto said = proxy.heard();
    std::size_t count = 0;
    const std::string_view read = "SET TRANSACTION READ ONLY";
    for (std::size_t at = 0; (at = said.find(read, at)) != std::string::npos; ++at) ++count;
    return count;
  };
  const auto before = reads();
  db.psql(
      "DO $$ DECLARE until timestamptz := clock_timestamp() + interval '2 s'; BEGIN "
      "WHILE clock_timestamp() < until LOOP PERFORM pg_notify('switchyard', 'api'); COMMIT; "
      "PERFORM pg_sleep(0.001); END LOOP; END $$");
  BOOST_TEST(reads() - before >= 3U, "notifications bring a reading forward");
  BOOST_TEST(reads() - before <= 40U);
  db.psql("DELETE FROM servers WHERE backend = 'many' AND name <> 'srv7'");
  BOOST_CHECK(provider.wait_server("many", "srv7"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
