// `queries:`: the operator's own tables.

#include <boost/test/unit_test.hpp>

#include "tests/providers/postgres/fixture.hpp"
#include "tests/support/process_figures.hpp"

namespace switchyard::tests {

namespace {

constexpr std::string_view own_tables =
    "CREATE TABLE pool (id text PRIMARY KEY, lb text);"
    "CREATE TABLE host (pool text, label text, addr text, tcp_port int, PRIMARY KEY (pool, label));"
    "CREATE TABLE vhost (fqdn text, pool text);"
    "INSERT INTO pool VALUES ('shop', 'leastconn'), ('empty', NULL);"
    "INSERT INTO host VALUES ('shop', 'h1', '10.0.0.1', 80), ('shop', 'h2', '10.0.0.2', 80);"
    "INSERT INTO vhost VALUES ('shop.example.com', 'shop');";

constexpr std::string_view columns =
    "SELECT p.id AS backend, h.label AS name, h.addr AS ip, h.tcp_port AS port, p.lb AS balance "
    "FROM pool p LEFT JOIN host h ON h.pool = p.id";

config::postgres_settings with_queries(const database& db) {
  auto settings = db.settings();
  settings.channel = "pools";
  settings.queries.emplace();
  settings.queries->all = columns;
  settings.queries->all += " ORDER BY 1, 2;  ";
  settings.queries->backends = columns;
  settings.queries->backends += " WHERE p.id = ANY($1) -- the named ones";
  settings.queries->routes = "SELECT fqdn AS host, '/' AS path, pool AS backend FROM vhost";
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_queries)

BOOST_AUTO_TEST_CASE(own_tables_are_read_and_followed) {
  const database db;
  db.psql(own_tables);
  followed provider(with_queries(db));
  BOOST_REQUIRE(provider.wait_live());
  const auto shop = provider.backend("shop");
  BOOST_REQUIRE(shop);
  BOOST_CHECK(shop->settings.balance == model::balance_algorithm::leastconn);
  BOOST_TEST(shop->servers.size() == 2U);
  BOOST_REQUIRE(provider.backend("empty"));
  BOOST_TEST(provider.backend("empty")->servers.empty());
  BOOST_TEST(provider.routes().size() == 1U);
  db.psql("BEGIN; DELETE FROM host WHERE label = 'h1'; NOTIFY pools, 'shop'; COMMIT;");
  BOOST_CHECK(eventually([&] { return !provider.has("shop", "h1"); }));
  BOOST_TEST(!provider.reports().back().full);
  db.psql("BEGIN; DELETE FROM vhost; NOTIFY pools, '/routes'; COMMIT;");
  BOOST_CHECK(eventually([&] { return provider.routes().empty(); }));
  db.psql("BEGIN; DELETE FROM pool WHERE id = 'empty'; NOTIFY pools, 'empty'; COMMIT;");
  BOOST_CHECK(eventually([&] { return !provider.backend("empty"); }));
}

BOOST_AUTO_TEST_CASE(rows_that_disagree_about_their_backend_are_refused) {
  const database db;
  auto settings = with_queries(db);
  settings.queries->all =
      "SELECT * FROM (VALUES ('a', 's1', '10.0.0.1'::inet, 80, 'tcp', '{}'::jsonb),"
      " ('a', 's2', '10.0.0.2', 80, 'http', '{}'), ('a', 's3', '10.0.0.3', 80, 'tcp', '{}'),"
      " ('b', 's1', '10.0.0.1', 80, 'tcp', '{\"check\": {\"type\": \"none\"}}'),"
      " ('c', 's1', '10.0.0.1', 80, NULL, '{\"sticky\": {\"cookie\": \"SRV\"}}'))"
      " AS v(backend, name, ip, port, mode, backend_options)";
  settings.queries->routes.reset();
  providers::postgres::postgres_provider provider("main-db", settings);
  const auto report = provider.backends();
  BOOST_REQUIRE(report);
  BOOST_CHECK(report->backends.at("a").value->settings.mode == model::proxy_mode::tcp);
  BOOST_TEST(report->backends.at("a").value->servers.size() == 2U);
  BOOST_TEST(report->backends.at("a").refused_servers.contains("s2"));
  BOOST_CHECK(report->backends.at("b").value->settings.check.type == model::check_type::none);
  BOOST_CHECK(report->backends.at("c").value->settings.sticky == model::sticky_settings{"SRV"});
  BOOST_TEST(report->routes->empty());
}

BOOST_AUTO_TEST_CASE(unusable_columns_are_a_reason_and_no_crash) {
  const database db;
  db.psql(own_tables);
  const auto reason_for = [&](const std::string& query) {
    auto settings = with_queries(db);
    settings.queries->all = query;
    followed provider(settings);
    BOOST_REQUIRE(provider.wait_health(level::degraded));
    BOOST_TEST(provider.reports().empty());
    return provider.sink().last_health().reason;
  };
  BOOST_TEST(reason_for("SELECT id AS backend, lb AS name FROM pool").find("\"ip\"") !=
             std::string::npos);
  BOOST_TEST(reason_for("SELECT pool AS backend, label AS name, addr AS ip, tcp_port AS port, "
                        "1 AS colour FROM host")
                 .find("\"colour\"") != std::string::npos);
  BOOST_TEST(reason_for("SELECT label AS name FROM host").find("t.backend") != std::string::npos);
  BOOST_TEST(reason_for("SELEC 1").find("syntax error") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_query_that_writes_is_refused) {
  const database db;
  db.psql(own_tables);
  db.psql(
      "CREATE FUNCTION sneaky() RETURNS text LANGUAGE sql AS "
      "$$ INSERT INTO pool VALUES ('sneaked') RETURNING id $$");
  auto settings = with_queries(db);
  settings.queries->all = "SELECT sneaky() AS backend, 's' AS name, '10.0.0.1' AS ip, 80 AS port";
  followed provider(settings);
  BOOST_CHECK(provider.wait_reason("read-only"));
  BOOST_TEST(db.psql("SELECT count(*) FROM pool WHERE id = 'sneaked'") == "0\n");
}

BOOST_AUTO_TEST_CASE(a_query_that_joins_too_much_does_not_fill_the_memory) {
  constexpr std::size_t megabyte = 1U << 20U;
  const database db;
  db.psql(std::string(own_tables) + "CREATE TABLE factor AS SELECT 1 AS n");
  auto settings = db.settings();
  settings.channel = "pools";
  settings.max_bytes = 4 * megabyte;
  settings.query_timeout = 60s;
  settings.queries.emplace();
  settings.queries->all =
      "SELECT h.pool AS backend, h.label AS name, h.addr AS ip, h.tcp_port AS port,"
      " CASE WHEN n > 1 THEN repeat('x', 100000) END AS fqdn"
      " FROM host h, factor, generate_series(1, n) WHERE h.label = 'h1'";
  settings.queries->backends = settings.queries->all + " AND h.pool = ANY($1)";
  const auto refused = [](const followed& by) {
    return eventually([&] { return contains(by.health().reason, "(4194304 bytes)"); }, 60s);
  };
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_server("shop", "h1"));
  const auto named = growth_during([&] {
    db.psql("BEGIN; UPDATE factor SET n = 600; NOTIFY pools, 'shop'; COMMIT;");
    BOOST_TEST(refused(provider));
  });
  BOOST_TEST(named < 30 * megabyte + kept_by_sanitizer);
  const auto whole = growth_during([&] {
    const followed another(settings);
    BOOST_TEST(refused(another));
  });
  BOOST_TEST(whole < 30 * megabyte + kept_by_sanitizer);
  BOOST_TEST(provider.has("shop", "h1"));
  db.psql("UPDATE factor SET n = 1");
  BOOST_TEST(eventually([&] { return provider.health().value == level::live; }, 30s));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
