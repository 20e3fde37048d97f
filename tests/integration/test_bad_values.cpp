// No value from a source adds a command or a directive; a bad row is named, the others go through.

#include <boost/test/unit_test.hpp>

#include "tests/integration/site.hpp"

namespace switchyard::tests {

namespace {

/// Tables without any of our constraints, as an operator may have made them.
constexpr const char* loose_tables = R"(
  DROP TABLE servers, backends, routes CASCADE;
  CREATE TABLE backends (name text, mode text, balance text, protocol text, options jsonb);
  CREATE TABLE servers (backend text, name text, ip text, fqdn text, port text, weight text, state text,
                        backup boolean, maxconn text, options jsonb);
  CREATE TABLE routes (host text, path text, backend text);
)";

struct running {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  site gateway;

  running() : gateway(prepared()) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  }

  std::string prepared() {
    db.sql(loose_tables);
    db.sql(insert_server("api-backend", "srv1", one.port()));
    return db.provider_yaml("resync: 1s");
  }

  /// Inserts a bad row and a good one in one transaction; the good one must arrive, and nothing
  /// else.
  void bad_row(const std::string& column, const std::string& value) {
    static int next = 0;
    const auto good = "good" + std::to_string(++next);
    const auto bad = column == "name" ? value : "'bad" + std::to_string(next) + "'";
    const auto backend = column == "backend" ? value : std::string("'api-backend'");
    std::string columns = "backend, name, ip, port";
    std::string values = backend + ", " + bad + ", " + (column == "ip" ? value : "'127.0.0.1'") +
                         ", " + (column == "port" ? value : "'80'");
    if (column != "name" && column != "backend" && column != "ip" && column != "port") {
      columns += ", " + column;
      values += ", " + value;
    }
    db.sql("BEGIN; INSERT INTO servers (" + columns + ") VALUES (" + values + "); " +
           insert_server("api-backend", good, two.port()) + "COMMIT;");
    BOOST_TEST(gateway.server_becomes("api-backend", good,
                                      "127.0.0.1:" + std::to_string(two.port()) + " 100 ready"),
               column + " = " + value + "\n" + gateway.log());
    db.sql("DELETE FROM servers WHERE name <> 'srv1'");
    BOOST_TEST(gateway.server_becomes("api-backend", good, ""));
  }
};

const std::vector<std::string> hostile{"E'a\\nshutdown frontend gateway'",
                                       "E'a\\rb'",
                                       "'a;disable frontend gateway'",
                                       "'a b'",
                                       "repeat('x', 300)",
                                       "'a\"b'",
                                       "'a''b'",
                                       "E'a\\\\b'",
                                       "'${HOME}'",
                                       "'<<'",
                                       "E'\\u00e4'",
                                       "''"};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bad_values, running)

BOOST_AUTO_TEST_CASE(hostile_text_in_any_column_is_refused_and_the_transaction_goes_through) {
  const auto worker = gateway.worker_pid();
  for (const auto* column : {"name", "backend", "ip", "port", "weight", "state", "maxconn"})
    for (const auto& value : hostile) {
      const bool is_number =
          std::string_view(column) == "port" || std::string_view(column) == "weight";
      if (is_number && value == "''") continue;
      bad_row(column, value);
    }
  const auto servers = gateway.command("show servers state");
  BOOST_TEST(servers.find("bad") == std::string::npos, servers);
  BOOST_TEST(gateway.answered_by({"srv1"}));
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_refused_with_the_rows_key) {
  for (const auto* value : {"'0'", "'70000'", "'-1'", "'80.5'", "'eighty'"}) bad_row("port", value);
  for (const auto* value : {"'-1'", "'257'"}) bad_row("weight", value);
  BOOST_TEST(gateway.log_has("servers(api-backend, bad"), gateway.log());
}

BOOST_AUTO_TEST_CASE(host_names_are_refused_with_a_sentence) {
  bad_row("ip", "'db.example.com'");
  bad_row("ip", "'db\".example.com'");
  bad_row("ip", "'127.1'");
  bad_row("ip", "'10.0.0.0/8'");
  BOOST_TEST(gateway.log_has("host name"), gateway.log());
}

BOOST_AUTO_TEST_CASE(settings_of_a_backend_that_cannot_be_read_keep_the_last_good_ones) {
  db.sql("INSERT INTO backends (name, balance) VALUES ('api-backend', 'leastconn')");
  BOOST_TEST(eventually([&] { return gateway.log_has("changed settings api-backend"); }),
             gateway.log());
  const auto worker = gateway.worker_pid();
  db.sql("UPDATE backends SET balance = E'source\\n  server evil 1.2.3.4:80'");
  BOOST_TEST(eventually([&] { return gateway.log_has("backends(api-backend)"); }), gateway.log());
  db.sql(insert_server("api-backend", "srv2", two.port()));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
  BOOST_TEST(gateway.config_text().find("evil") == std::string::npos);
  BOOST_TEST(gateway.config_text().find("balance leastconn") != std::string::npos);
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_served_row_that_turns_bad_keeps_its_last_good_version) {
  db.sql("UPDATE servers SET weight = '9' WHERE name = 'srv1'");
  const auto wanted = "127.0.0.1:" + std::to_string(one.port()) + " 9 ready";
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", wanted));
  db.sql("UPDATE servers SET weight = 'heavy' WHERE name = 'srv1'");
  BOOST_TEST(eventually([&] { return gateway.log_has("servers(api-backend, srv1)"); }),
             gateway.log());
  BOOST_TEST(gateway.server("api-backend", "srv1") == wanted);
  BOOST_TEST(gateway.answered_by({"srv1"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
