// No value from a source adds a command or a directive; a bad row is named, the others go through.

#include <boost/test/unit_test.hpp>
#include <map>

#include "tests/integration/site.hpp"

namespace switchyard::tests {

namespace {

/// The tables as an operator may have made them: no checks, and text wherever text can be.
constexpr const char* loosen = R"(
  DO $$
  DECLARE c record;
  BEGIN
    FOR c IN SELECT conrelid::regclass AS tab, conname FROM pg_constraint
             WHERE connamespace = current_schema()::regnamespace LOOP
      EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', c.tab, c.conname);
    END LOOP;
    FOR c IN SELECT table_name, column_name FROM information_schema.columns
             WHERE table_schema = current_schema() AND data_type NOT IN ('boolean', 'jsonb') LOOP
      EXECUTE format('ALTER TABLE %I ALTER COLUMN %I DROP DEFAULT, ALTER COLUMN %I DROP NOT NULL',
                     c.table_name, c.column_name, c.column_name);
      EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE text', c.table_name, c.column_name);
    END LOOP;
  END $$;
)";

struct running {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  site gateway;

  running() : gateway(prepared()) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  }

  std::string prepared() {
    db.sql(loosen);
    db.sql(insert_server("api-backend", "srv1", one.port()));
    return db.provider_yaml();
  }

  static std::string insert(const std::string& column, const std::string& value, int number) {
    std::map<std::string, std::string> row{{"backend", "'api-backend'"},
                                           {"name", "'bad" + std::to_string(number) + "'"},
                                           {"ip", "'127.0.0.1'"},
                                           {"port", "'80'"}};
    row[column] = value;
    std::string columns;
    std::string values;
    for (const auto& [c, v] : row) {
      columns += (columns.empty() ? "" : ", ") + c;
      values += (values.empty() ? "" : ", ") + v;
    }
    return "INSERT INTO servers (" + columns + ") VALUES (" + values + "); ";
  }

  /// Inserts rows that are bad in one column and a good one, in one transaction: the good one must
  /// arrive, and nothing else.
  void bad_rows(const std::string& column, const std::vector<std::string>& values) {
    std::string sql = "BEGIN; ";
    int number = 0;
    for (const auto& value : values) sql += insert(column, value, ++number);
    db.sql(sql + insert_server("api-backend", "good", two.port()) + "COMMIT;");
    const auto good = "127.0.0.1:" + std::to_string(two.port()) + " 100 ready";
    BOOST_TEST(gateway.server_becomes("api-backend", "good", good), column + "\n" + gateway.log());
    const auto servers = gateway.command("show servers state");
    BOOST_TEST(servers.find(" bad") == std::string::npos, servers);
    db.sql("DELETE FROM servers WHERE name IS DISTINCT FROM 'srv1'");
    BOOST_TEST(gateway.server_becomes("api-backend", "good", ""), gateway.log());
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
    bad_rows(column, hostile);
  BOOST_TEST(gateway.answered_by({"srv1"}));
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_refused_with_the_rows_key) {
  bad_rows("port", {"'0'", "'70000'", "'-1'", "'80.5'", "'eighty'"});
  bad_rows("weight", {"'-1'", "'257'"});
  BOOST_TEST(gateway.log_has("servers(api-backend, bad"), gateway.log());
}

BOOST_AUTO_TEST_CASE(host_names_are_refused_with_a_sentence) {
  bad_rows("ip", {"'db.example.com'", "'db\".example.com'", "'127.1'", "'10.0.0.0/8'"});
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
