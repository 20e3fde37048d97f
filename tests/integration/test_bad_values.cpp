// No value from a source adds a command or a directive; a bad row is named, the others go through.

#include <boost/test/unit_test.hpp>
#include <map>
#include <ostream>
#include <set>
#include <sstream>

#include "haproxy/replies.hpp"
#include "haproxy/routes.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_bad_values)

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
             WHERE table_schema = current_schema() AND data_type <> 'jsonb' LOOP
      EXECUTE format('ALTER TABLE %I ALTER COLUMN %I DROP DEFAULT, ALTER COLUMN %I DROP NOT NULL',
                     c.table_name, c.column_name, c.column_name);
      EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE text', c.table_name, c.column_name);
    END LOOP;
  END $$;
)";

using row = std::map<std::string, std::string>;  ///< columns and SQL expressions

std::string insert(const std::string& table, const row& values) {
  std::string columns, expressions;
  for (const auto& [column, expression] : values) {
    columns += (columns.empty() ? "" : ", ") + column;
    expressions += (expressions.empty() ? "" : ", ") + expression;
  }
  return "INSERT INTO " + table + " (" + columns + ") VALUES (" + expressions + "); ";
}

/// The lines of a text that begin with this word, without the blanks in front.
std::set<std::string> lines_with(const std::string& text, const std::string& word) {
  std::set<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, line.find_first_not_of(' '));
    if (line.starts_with(word)) found.insert(line);
  }
  return found;
}

/// All that sources can put into HAProxy, as it has it and as its files have it.
struct served {
  std::set<std::string> backends, servers, file_backends, file_servers, file_routes;
  bool operator==(const served&) const = default;
};

std::ostream& operator<<(std::ostream& out, const served& s) {
  for (const auto* set :
       {&s.backends, &s.servers, &s.file_backends, &s.file_servers, &s.file_routes}) {
    for (const auto& line : *set) out << line << " | ";
    out << '\n';
  }
  return out;
}

struct running {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  site gateway;
  served before;

  running() : gateway(prepared(), options()) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
    BOOST_REQUIRE(eventually([&] { return contains(gateway.config_text(), "server srv1 "); }));
    before = now();
  }

  /// What is inserted goes again, all at once.
  static site_options options() {
    site_options o;
    o.more = guard_off;
    return o;
  }

  std::string prepared() {
    db.sql(loosen);
    db.sql(insert_server("api-backend", "srv1", one.port()));
    return db.provider_yaml();
  }

  served now() const {
    served found;
    found.backends = lines_with(gateway.command("show backend"), "");
    if (const auto view = haproxy::parse_servers_state(gateway.command("show servers state")))
      for (const auto& [backend, servers] : *view)
        for (const auto& [name, server] : servers) found.servers.insert(backend + "/" + name);
    found.file_backends = lines_with(gateway.config_text(), "backend ");
    for (const auto& line : lines_with(gateway.config_text(), "server "))
      found.file_servers.insert(line.substr(0, line.find(' ', 7)));
    found.file_routes = lines_with(read_text(haproxy::map_beside(gateway.config_file())), "");
    return found;
  }

  static row server_row(const std::string& name) {
    return {{"backend", "'api-backend'"},
            {"name", "'" + name + "'"},
            {"ip", "'127.0.0.1'"},
            {"port", "'80'"}};
  }
  static row backend_row(const std::string& name) { return {{"name", "'" + name + "'"}}; }
  static row route_row(const std::string& name) {
    return {{"host", "'" + name + ".test'"}, {"path", "'/'"}, {"backend", "'api-backend'"}};
  }

  /// Inserts these rows and a good server and route, in one transaction: the good ones must arrive,
  /// nothing else may, and each row must be told of.
  void only_good_ones_arrive(const std::string& rows, std::size_t count) {
    const auto told = gateway.log_count(" refused ");
    db.sql("BEGIN; " + rows + insert_server("api-backend", "good", two.port()) +
           insert("routes", route_row("good")) + "COMMIT;");
    auto wanted = before;
    wanted.servers.insert("api-backend/good");
    wanted.file_servers.insert("server good");
    wanted.file_routes.insert("good.test/ api-backend");
    BOOST_TEST(eventually([&] { return now() == wanted; }), now() << wanted << gateway.log());
    BOOST_TEST(eventually([&] { return gateway.log_count(" refused ") == told + count; }),
               gateway.log());
    db.sql(
        "DELETE FROM servers WHERE name IS DISTINCT FROM 'srv1'; DELETE FROM backends; DELETE FROM "
        "routes");
    BOOST_TEST(eventually([&] { return now() == before; }), now() << before << gateway.log());
  }

  /// The same for rows that are bad in one column. `key`: "servers(api-backend, @)", the name in
  /// place of @; "" where the bad value is part of it.
  void bad_rows(const std::string& table, row (*good)(const std::string&),
                const std::string& column, const std::vector<std::string>& values,
                const std::string& key) {
    BOOST_TEST_CONTEXT(table << "." << column) {
      std::string rows;
      std::vector<std::string> keys;
      for (const auto& value : values) {
        const auto name = "bad-" + column + "-" + std::to_string(keys.size());
        auto bad = good(name);
        bad[column] = value;
        if (column == "fqdn") bad.erase("ip");
        rows += insert(table, bad);
        keys.push_back("refused " +
                       std::string(key).replace(std::min(key.find('@'), key.size()), 1, name));
      }
      only_good_ones_arrive(rows, values.size());
      for (const auto& k : keys)
        if (!key.empty()) BOOST_TEST(gateway.log_has(k + ": "), k + "\n" + gateway.log());
    }
  }

  void bad_servers(const std::string& column, const std::vector<std::string>& values) {
    const bool in_key = column == "name" || column == "backend";
    bad_rows("servers", server_row, column, values, in_key ? "" : "servers(api-backend, @)");
  }
  void bad_backends(const std::string& column, const std::vector<std::string>& values) {
    bad_rows("backends", backend_row, column, values, column == "name" ? "" : "backends(@)");
  }
  void bad_routes(const std::string& column, const std::vector<std::string>& values) {
    bad_rows("routes", route_row, column, values, column == "backend" ? "routes(@.test, /)" : "");
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

BOOST_AUTO_TEST_CASE(
    hostile_text_in_any_column_of_servers_is_refused_and_the_transaction_goes_through) {
  const auto worker = gateway.worker_pid();
  for (const auto* column : {"name", "backend", "ip", "fqdn", "port", "weight", "state", "maxconn"})
    bad_servers(column, hostile);
  bad_servers("backup", {"E'a\\nshutdown frontend gateway'", "'a;disable frontend gateway'", "'t'",
                         "'yes'", "''", "repeat('x', 300)"});
  bad_servers("options", {"'[1]'", "'\"a b\"'", "'{\"colour\": \"red\"}'", "'{\"port\": 5}'",
                          "'{\"resolve\": \"all\\ndisable frontend gateway\"}'"});
  BOOST_TEST(gateway.answered_by({"srv1"}));
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(hostile_text_in_any_column_of_backends_is_refused) {
  for (const auto* column : {"name", "mode", "balance", "protocol"}) bad_backends(column, hostile);
  bad_backends("options", {"'[1]'", "'\"a b\"'", "'{\"colour\": \"red\"}'", "'{\"servers\": []}'",
                           "'{\"check\": {\"type\": \"http\", \"path\": \"/a b\"}}'",
                           "'{\"tls\": {\"enabled\": true, \"sni\": \"a;b\"}}'",
                           "'{\"sticky\": {\"cookie\": \"a\\nb\"}}'",
                           "'{\"timeouts\": {\"server\": \"9s;\"}}'"});
  BOOST_TEST(gateway.answered_by({"srv1"}));
}

BOOST_AUTO_TEST_CASE(hostile_text_in_any_column_of_routes_is_refused) {
  bad_routes("backend", hostile);
  // No host is any host, no path is all of them.
  auto values = hostile;
  values.pop_back();
  for (const auto* column : {"host", "path"}) bad_routes(column, values);
  BOOST_TEST(gateway.answered_by({"srv1"}));
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_refused_with_the_rows_key) {
  bad_servers("port", {"'0'", "'70000'", "'-1'", "'80.5'", "'eighty'"});
  bad_servers("weight", {"'-1'", "'257'"});
}

BOOST_AUTO_TEST_CASE(each_of_many_bad_rows_is_named) {
  std::string rows;
  for (int i = 0; i < 30; ++i) {
    auto bad = server_row("bad-" + std::to_string(i));
    bad["port"] = "'0'";
    rows += insert("servers", bad);
  }
  db.sql("BEGIN; " + rows + insert_server("api-backend", "good", two.port()) + "COMMIT;");
  BOOST_TEST(gateway.server_becomes("api-backend", "good",
                                    "127.0.0.1:" + std::to_string(two.port()) + " 100 ready"));
  BOOST_TEST(eventually([&] { return gateway.log_has("refused 10 more objects, "); }),
             gateway.log());
  for (int i = 0; i < 30; ++i) {
    const auto line = "refused servers(api-backend, bad-" + std::to_string(i) + "): ";
    BOOST_TEST(eventually([&] { return gateway.log_has(line); }), line + "\n" + gateway.log());
    BOOST_TEST(gateway.log_count(line) == 1U);
  }
}

BOOST_AUTO_TEST_CASE(what_is_neither_an_address_nor_a_host_name_is_refused) {
  const std::vector<std::string> values{
      "'db\".example.com'", "'127.1'", "'10.0.0.0/8'", "'[::1]'", "'1.2.3'", "'-a.example.com'"};
  bad_servers("ip", values);
  bad_servers("fqdn", values);
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
