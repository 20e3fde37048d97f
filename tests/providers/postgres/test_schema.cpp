// The script of `switchyard sql`.

#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "providers/postgres/connection.hpp"
#include "tests/providers/postgres/fixture.hpp"

namespace switchyard::tests {

namespace {

/// Payloads that statements send, as a listener gets them.
std::vector<std::string> payloads_of(const database& db, const std::string& sql) {
  auto session = providers::postgres::connection::open({db.server.dsn(db.name), {}}, nullptr);
  BOOST_REQUIRE(session);
  BOOST_REQUIRE((*session)->listen("switchyard", 5s));
  db.psql(sql);
  db.psql("NOTIFY switchyard, '/proof/end'");
  std::vector<std::string> all;
  BOOST_REQUIRE(eventually([&] {
    const auto some = (*session)->notifications();
    BOOST_REQUIRE(some);
    all.insert(all.end(), some->begin(), some->end());
    return !all.empty() && all.back() == "/proof/end";
  }));
  all.pop_back();
  return all;
}

using words = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_schema)

BOOST_AUTO_TEST_CASE(running_it_again_keeps_the_rows_and_one_trigger_each) {
  const database db;
  db.make_tables();
  db.psql(insert_server("api", "srv1"));
  const std::string triggers =
      "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'switchyard_%' AND NOT tgisinternal";
  const auto before = db.psql(triggers);
  BOOST_TEST(before == "12\n");
  db.make_tables();
  BOOST_TEST(db.psql("SELECT backend, name, ip, port, weight, state FROM servers") ==
             "api|srv1|10.0.1.12|8080|100|ready\n");
  BOOST_TEST(db.psql(triggers) == before);
  BOOST_CHECK(payloads_of(db, insert_server("api", "srv2")) == words{"api/srv2"});
}

BOOST_AUTO_TEST_CASE(a_table_of_another_application_stays_as_it_is) {
  for (const std::string table : {"servers", "backends", "routes"}) {
    const database db;
    db.psql("CREATE TABLE " + table + " (id integer PRIMARY KEY, label text)");
    BOOST_CHECK_EXCEPTION(db.make_tables(), std::exception, [&](const std::exception& e) {
      BOOST_TEST(contains(e.what(), "public." + table + " has no column "), e.what());
      BOOST_TEST(contains(e.what(), "--schema switchyard"), e.what());
      return true;
    });
    db.psql("INSERT INTO " + table + " VALUES (1, 'theirs')");
    BOOST_TEST(db.psql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == "0\n");
    db.make_tables("switchyard");
    BOOST_TEST(db.psql("SELECT label FROM " + table) == "theirs\n");
  }
}

BOOST_AUTO_TEST_CASE(running_it_again_changes_the_channel) {
  const database db;
  db.make_tables("public", "before");
  db.make_tables("public", "switchyard");
  BOOST_CHECK(payloads_of(db, insert_server("api", "srv2")) == words{"api/srv2"});
}

BOOST_AUTO_TEST_CASE(it_sends_one_notification_a_statement_and_backend) {
  const database db;
  db.make_tables();
  BOOST_CHECK(payloads_of(db,
                          "INSERT INTO servers (backend, name, ip, port) SELECT 'b' || i % 2, "
                          "'srv' || i, '10.0.0.1', 80 FROM generate_series(1, 50) i")
                  .size() == 2U);
  BOOST_CHECK(payloads_of(db, "UPDATE servers SET weight = 1 WHERE false").empty());
  BOOST_CHECK(payloads_of(db, "DELETE FROM servers WHERE backend = 'b1'") == words{"b1"});
  BOOST_CHECK(payloads_of(db, "TRUNCATE servers") == words{"*"});
  BOOST_CHECK(payloads_of(db, "TRUNCATE backends") == words{"*"});
  BOOST_CHECK(payloads_of(db, "INSERT INTO routes (host, backend) VALUES ('a', 'b'), ('c', 'd')") ==
              words{"/routes"});
  BOOST_CHECK(payloads_of(db, "UPDATE routes SET path = '/x' WHERE false").empty());
}

BOOST_AUTO_TEST_CASE(it_names_few_servers_of_a_backend_and_not_many) {
  const database db;
  db.make_tables();
  const auto some = [](int count) {
    return "INSERT INTO servers (backend, name, ip, port) SELECT 'b" + std::to_string(count) +
           "', 's' || i, '10.0.0.1', 80 FROM generate_series(1, " + std::to_string(count) + ") i";
  };
  BOOST_CHECK(payloads_of(db, some(16)).size() == 16U);
  BOOST_CHECK(payloads_of(db, some(17)) == words{"b17"});
  BOOST_CHECK(payloads_of(db, "DELETE FROM servers WHERE backend = 'b17' AND name = 's3'") ==
              words{"b17/s3"});
  auto renamed =
      payloads_of(db, "UPDATE servers SET name = 't' WHERE backend = 'b16' AND name = 's1'");
  std::ranges::sort(renamed);
  BOOST_CHECK(renamed == (words{"b16/s1", "b16/t"}));
  BOOST_CHECK(payloads_of(db,
                          "INSERT INTO servers (backend, name, ip, port) SELECT 'c' || i % 900, "
                          "'srv' || i, '10.0.0.1', 80 FROM generate_series(1, 1800) i")
                  .size() == 900U);
}

BOOST_AUTO_TEST_CASE(a_server_whose_name_is_not_valid_is_named_by_its_backend) {
  const database db;
  db.make_tables();
  db.psql(
      "ALTER TABLE servers DROP CONSTRAINT servers_name;"
      "ALTER TABLE servers DROP CONSTRAINT servers_pkey;"
      "ALTER TABLE servers ALTER COLUMN name DROP NOT NULL;");
  for (const std::string name : {"'a/b'", "''", "repeat('x', 9000)", "NULL"})
    BOOST_CHECK(payloads_of(db, "INSERT INTO servers (backend, name, ip, port) VALUES ('api', " +
                                    name + ", '10.0.0.1', 80)") == words{"api"});
}

BOOST_AUTO_TEST_CASE(a_name_too_long_for_a_payload_does_not_fail_the_writer) {
  const database db;
  db.make_tables();
  db.psql("ALTER TABLE servers DROP CONSTRAINT servers_backend");
  // The primary key's index bounds a compressed row, hence the repetition.
  BOOST_CHECK(payloads_of(db,
                          "INSERT INTO servers (backend, name, ip, port) "
                          "VALUES (repeat('x', 9000), 'srv1', '10.0.0.1', 80)") == words{"*"});
}

BOOST_AUTO_TEST_CASE(partitioned_tables_of_the_operator_notify_by_the_same_function) {
  const database db;
  db.make_tables();
  db.psql(
      "DROP TABLE servers; CREATE TABLE servers (backend text, name text, ip inet, port int) "
      "PARTITION BY HASH (backend);"
      "CREATE TABLE p0 PARTITION OF servers FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
      "CREATE TABLE p1 PARTITION OF servers FOR VALUES WITH (MODULUS 2, REMAINDER 1);");
  db.make_tables();
  BOOST_CHECK(payloads_of(db, insert_server("api", "srv1")) == words{"api/srv1"});
}

const std::vector<std::string> bad_rows{
    "INSERT INTO servers (backend, name, ip, port) VALUES (E'a\\nb', 's', '10.0.0.1', 80)",
    "INSERT INTO servers (backend, name, ip, port) VALUES (E'ab\\n', 's', '10.0.0.1', 80)",
    "INSERT INTO servers (backend, name, ip, port) VALUES ('a', 's;t', '10.0.0.1', 80)",
    "INSERT INTO servers (backend, name, ip, port) VALUES ('a', repeat('s', 129), '10.0.0.1', 80)",
    "INSERT INTO servers (backend, name, ip, port) VALUES ('a', 's', '10.0.0.0/8', 80)",
    "INSERT INTO servers (backend, name, ip, port) VALUES ('a', 's', 'fe80::/64', 80)",
    "INSERT INTO servers (backend, name, ip, port) VALUES ('a', 's', '10.0.0.1', 0)",
    "INSERT INTO servers (backend, name, ip, port) VALUES ('a', 's', '10.0.0.1', 70000)",
    "INSERT INTO servers (backend, name, port) VALUES ('a', 's', 80)",
    "INSERT INTO servers (backend, name, ip, fqdn, port) VALUES ('a', 's', '10.0.0.1', 'x', 80)",
    "INSERT INTO servers (backend, name, fqdn, port) VALUES ('a', 's', 'a b', 80)",
    "INSERT INTO servers (backend, name, ip, port, weight) VALUES ('a', 's', '10.0.0.1', 80, 257)",
    "INSERT INTO servers (backend, name, ip, port, weight) VALUES ('a', 's', '10.0.0.1', 80, -1)",
    "INSERT INTO servers (backend, name, ip, port, state) VALUES ('a', 's', '10.0.0.1', 1, 'up')",
    "INSERT INTO servers (backend, name, ip, port, maxconn) VALUES ('a', 's', '10.0.0.1', 1, -1)",
    "INSERT INTO servers (backend, name, ip, port, options) VALUES ('a', 's', '10.0.0.1', 1, '[]')",
    "INSERT INTO backends (name) VALUES ('')",
    "INSERT INTO backends (name, mode) VALUES ('a', 'udp')",
    "INSERT INTO backends (name, balance) VALUES ('a', 'static-rr')",
    "INSERT INTO backends (name, protocol) VALUES ('a', 'h3')",
    "INSERT INTO backends (name, options) VALUES ('a', '1')",
    "INSERT INTO routes (host, backend) VALUES ('a b', 'x')",
    "INSERT INTO routes (host, backend) VALUES ('UPPER', 'x')",
    "INSERT INTO routes (host, backend) VALUES ('*', 'x')",
    "INSERT INTO routes (path, backend) VALUES ('v1', 'x')",
    "INSERT INTO routes (path, backend) VALUES ('/v1/', 'x')",
    "INSERT INTO routes (path, backend) VALUES ('/v;1', 'x')",
    "INSERT INTO routes (backend) VALUES ('x y')",
};

BOOST_AUTO_TEST_CASE(bad_rows_are_refused_by_the_database) {
  const database db;
  db.make_tables();
  for (const auto& sql : bad_rows)
    BOOST_CHECK_MESSAGE(
        [&] {
          try {
            db.psql(sql);
            return false;
          } catch (const std::runtime_error& e) {
            return std::string(e.what()).find("violates") != std::string::npos;
          }
        }(),
        sql);
}

BOOST_AUTO_TEST_CASE(good_rows_of_every_kind_are_taken) {
  const database db;
  db.make_tables();
  db.psql(
      "INSERT INTO servers VALUES "
      "('a', 'v4', '10.0.0.1', NULL, 1, 0, 'drain', true, 10, '{}'),"
      "('a', 'v6', '2001:db8::1', NULL, 65535, 256, 'maint', NULL, NULL, NULL),"
      "('a', 'named', NULL, 'db.example.com', 80, NULL, NULL, NULL, NULL, NULL);"
      "INSERT INTO backends VALUES ('a', 'tcp', 'source', 'auto', '{}'), ('b', NULL, NULL, NULL, "
      "NULL);"
      "INSERT INTO routes VALUES ('', '/', 'a'), ('*.example.com', '/v1/x-%20', 'a');");
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  const auto report = provider.reports().at(0);
  BOOST_TEST(report.backends.at("a").value->servers.size() == 3U);
  BOOST_TEST(report.backends.at("a").value->find("named")->host == "db.example.com");
  BOOST_CHECK(report.backends.at("b").value->settings == model::backend_settings{});
  BOOST_TEST(report.routes->size() == 2U);
  BOOST_TEST(report.refused.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
