// Tables that the operator altered: a server that is read alone is judged as in a full read.

#include <boost/test/unit_test.hpp>

#include "providers/postgres/reader.hpp"
#include "tests/providers/postgres/populated.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

namespace {

using providers::postgres::connection;
using providers::postgres::hints;
using providers::postgres::reader;
using providers::postgres::session_memory;

/// One session whose statements stay prepared while the tables change.
struct long_session {
  database db;
  reader reads{db.settings()};
  std::unique_ptr<connection> session;
  session_memory memory;
  std::size_t taken = 0;
  std::size_t refused = 0;
  std::size_t by_type = 0;  // tables whose columns were read as they are
  std::size_t by_json = 0;

  long_session() {
    db.make_tables();
    db.psql(
        "CREATE TYPE word AS ENUM ('ready', 'drain', 'gone');"
        "CREATE TYPE pair AS (slowstart integer, weight integer);"
        "CREATE DOMAIN small AS integer;");
    begin_session();
  }

  void begin_session() {
    auto opened = connection::open({db.server.dsn(db.name), {}}, nullptr);
    BOOST_REQUIRE(opened);
    session = std::move(*opened);
    BOOST_REQUIRE(session->query(reads.session_settings(), 5s));
    session->keep_statements();
    memory = {};
  }

  /// Servers v1, v2, … of the backend "a", one for each value that the column of this type takes.
  void make_servers(const std::string& column, const std::string& type,
                    const std::string& values) const {
    db.psql(
        "DROP TABLE servers; CREATE TABLE servers (backend text, name text, ip inet, fqdn text,"
        " port integer, weight integer, state text, backup boolean, maxconn integer,"
        " options jsonb);"
        "ALTER TABLE servers DROP COLUMN " +
        column + ", ADD COLUMN " + column + ' ' + type +
        ";DO $do$ DECLARE v text; i integer := 0; BEGIN FOREACH v IN ARRAY " + values +
        "::text[] LOOP i := i + 1; BEGIN INSERT INTO servers (backend, name) VALUES ('a', 'v' || "
        "i);"
        "UPDATE servers SET " +
        (column == "ip" ? "" : "ip = '10.0.0.1', ") + (column == "port" ? "" : "port = 80, ") +
        column + " = v::" + type +
        " WHERE name = 'v' || i;"
        "EXCEPTION WHEN data_exception OR check_violation THEN NULL; END; END LOOP; END $do$;");
  }

  model::report read(const std::string& payload, const model::backend_event* known) {
    hints wanted;
    wanted.add(payload);
    auto report = reads.read(*session, wanted, &memory, [&](const auto&) { return known; });
    BOOST_REQUIRE_MESSAGE(bool(report), (report ? "" : report.error().message));
    return std::move(*report);
  }

  /// Reads each server alone and compares it with what a read of all shows.
  void compare() {
    const auto whole = read("a", nullptr);
    auto expected = whole.backends.at("a");
    auto value = *expected.value;
    // It keeps the rest of the backend from being empty, which would ask for a whole read.
    value.servers.push_back({.name = "zz", .address = "10.0.0.2", .port = 1});
    expected.value = std::make_shared<const model::backend>(value);
    for (const auto& line : db.rows("SELECT name::text, t FROM servers AS t")) {
      const auto row = line.substr(0, line.find('|'));
      const auto alone = read("a/" + row, &expected);
      const auto& event = alone.backends.at("a");
      const auto key = "servers(a, " + row + ")";
      BOOST_TEST_CONTEXT(line) {
        BOOST_CHECK(*event.value == *expected.value);
        BOOST_CHECK(event.refused_servers == expected.refused_servers);
        BOOST_TEST(refusal_of(alone, key) == refusal_of(whole, key));
      }
      ++(event.refused_servers.contains(row) ? refused : taken);
    }
  }

  void compare(const std::string& column, const std::vector<std::string>& types,
               const std::string& values) {
    for (const auto& type : types) {
      BOOST_TEST_CONTEXT(column << " of type " << type) {
        make_servers(column, type, values);
        compare();
        begin_session();
        compare();
        memory.usual_types ? ++by_type : ++by_json;
      }
    }
    BOOST_TEST(memory.without_columns == "");
    BOOST_TEST(taken > 0U);
    BOOST_TEST(refused > 0U);
    BOOST_TEST(by_type > 0U);
  }
};

const std::string numbers =
    "ARRAY[NULL, '0', '1', '-1', '80', '256', '257', '32767', '65535', '65536', '999999999',"
    "'1000000000', '2000000000', '2147483647', '2147483648', '-2147483648', '-2000000000',"
    "'9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809',"
    "'18446744073709551615', '18446744073709551616', '1.0', '1.5', '1e3', 'NaN', '-0', '-', '',"
    "'00', '080', '+80', ' 80', '80 ', '0x50', 'true', 'null', '\"80\"', '[80]', '{}']";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(postgres_altered_reads, long_session)

BOOST_AUTO_TEST_CASE(numbers_of_any_type_and_size_are_judged_as_in_a_full_read) {
  for (const std::string column : {"port", "weight", "maxconn"})
    compare(column,
            {"integer", "smallint", "bigint", "numeric", "real", "double precision", "text",
             "varchar(30)", "char(24)", "boolean", "json", "jsonb", "small"},
            numbers);
  BOOST_TEST(by_json > 0U);
}

BOOST_AUTO_TEST_CASE(words_of_any_type_are_judged_as_in_a_full_read) {
  compare("state", {"text", "varchar(20)", "char(10)", "char(5)", "word", "json", "integer"},
          "ARRAY[NULL, 'ready', 'drain', 'maint', 'gone', '', ' ready', 'Ready', 'r\"y', 'r\\y',"
          "'é', '\"ready\"', '\"rea\\u0064y\"', '1', 'null']");
  compare("backup", {"boolean", "text", "char(1)", "integer", "json", "jsonb"},
          "ARRAY[NULL, 't', 'f', 'true', 'false', '1', '0', '\"t\"', 'null', 'yes']");
}

BOOST_AUTO_TEST_CASE(addresses_of_any_type_are_judged_as_in_a_full_read) {
  compare("ip", {"inet", "cidr", "text", "char(20)", "json"},
          "ARRAY[NULL, '10.0.0.1', '10.0.0.1/32', '10.0.0.1/24', '10.0.0.0/24', '::1', '::0001',"
          " '::1/128', 'host', '\"10.0.0.1\"', '1']");
  compare("fqdn", {"text", "json", "integer"}, "ARRAY[NULL, 'a.example', '', '1', 'null']");
}

BOOST_AUTO_TEST_CASE(options_of_any_type_are_judged_as_in_a_full_read) {
  compare(
      "options", {"jsonb", "json", "text", "varchar(99)", "pair", "integer"},
      R"(ARRAY[NULL, '{}', ' { } ', '[]', 'null', '1', '"{}"', '{"weight": 5}',)"
      R"( '{"weight": 5, "weight": 6}', '{"weight": 1e999}', '{"unknown": "x"}', '{"a": "\"}"}',)"
      R"( '(1,2)', '(,5)', '(,)', '{"address": "10.0.0.3"}',)"
      "  repeat('[', 40) || repeat(']', 40), '{\"weight\": ' || repeat('9', 400) || '}']");
}

BOOST_AUTO_TEST_CASE(keys_of_other_types_are_judged_as_in_a_full_read) {
  for (const std::string type : {"char(20)", "varchar(20)", "integer", "bigint"}) {
    BOOST_TEST_CONTEXT(type) {
      make_servers("fqdn", "text", "ARRAY[NULL, 'x']");
      db.psql("ALTER TABLE servers ALTER name TYPE " + type + " USING substr(name, 2)::" + type);
      compare();
      begin_session();
      compare();
    }
  }
  BOOST_TEST(memory.without_columns == "");
}

BOOST_AUTO_TEST_CASE(rows_without_a_column_are_judged_as_in_a_full_read) {
  for (const std::string column :
       {"ip", "fqdn", "port", "weight", "state", "backup", "maxconn", "options"}) {
    BOOST_TEST_CONTEXT(column) {
      make_servers("weight", "integer", "ARRAY[NULL, '5', '-5']");
      memory.without_columns.clear();
      db.psql("ALTER TABLE servers DROP COLUMN " + column);
      compare();
      BOOST_TEST(contains(memory.without_columns, "column t." + column + " does not exist"));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_operators_own_column_spoils_no_row) {
  make_servers("weight", "integer", "ARRAY[NULL, '5', '-5']");
  db.psql(R"(ALTER TABLE servers ADD note json DEFAULT '{"a": 1, "a": [{"b": "}\""}]}',)"
          " ADD deep json DEFAULT (repeat('[', 40) || repeat(']', 40))::json,"
          " ADD huge numeric DEFAULT 1e400, ADD mode json DEFAULT '{\"x\": 1, \"x\": 2}',"
          " ADD \"}\"\",\" text DEFAULT '\"}';");
  compare();
  BOOST_TEST(taken == 2U);
  BOOST_TEST(refused == 1U);
}

BOOST_AUTO_TEST_CASE(a_table_without_an_index_is_read_without_compiling_the_statement) {
  db.psql("ALTER TABLE servers DROP CONSTRAINT servers_pkey");
  BOOST_TEST(db.psql("SELECT pg_jit_available()") == "t\n");
  const auto plan = session->query(
      "EXPLAIN ANALYZE SELECT row_to_json(t) FROM servers AS t WHERE name = 'x'", 5s);
  BOOST_REQUIRE(plan);
  for (const auto& line : *plan) BOOST_TEST(!contains(line.at(0).value(), "JIT"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(postgres_altered_tables, populated)

namespace {

/// A change that nobody notifies shows that the row which is named is read, and no other.
void reads_one_row_only(const populated& on) {
  on.db.psql("SET session_replication_role = replica;" + port_of("srv4", "99"));
  on.reports_of(port_of("srv2", "82"));
  BOOST_TEST(on.provider->backend("api")->find("srv2")->port == 82);
  BOOST_TEST(on.provider->backend("api")->find("srv4")->port == 8080);
}

std::size_t notes(const followed& provider) {
  const auto healths = provider.healths();
  return static_cast<std::size_t>(std::ranges::count_if(healths, [](const auto& health) {
    return health.value == level::live && contains(health.reason, "read as whole rows");
  }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_number_of_ten_digits_is_taken_and_a_negative_one_called_by_its_value) {
  db.psql("ALTER TABLE servers DROP CONSTRAINT servers_maxconn;");
  const auto taken = reports_of("UPDATE servers SET maxconn = 2000000000 WHERE name = 'srv1';");
  BOOST_TEST(taken.at(0).refused.empty());
  BOOST_TEST(provider->backend("api")->find("srv1")->maxconn == 2'000'000'000U);
  agrees();
  const auto refused = reports_of("UPDATE servers SET maxconn = -1 WHERE name = 'srv1';");
  const auto reason = refusal_of(refused.at(0), "servers(api, srv1)");
  BOOST_TEST(reason.starts_with("maxconn: must be a whole number from 0 to "));
  BOOST_TEST(reason.ends_with(", not -1"));
}

BOOST_AUTO_TEST_CASE(a_column_whose_type_changes_is_read_on_row_by_row) {
  reports_of(port_of("srv1", "81"));
  db.psql("ALTER TABLE servers ALTER weight TYPE bigint, ALTER port TYPE text;");
  reads_one_row_only(*this);
  BOOST_TEST(notes(*provider) == 0U);
}

BOOST_AUTO_TEST_CASE(a_dropped_column_is_told_once_and_rows_are_read_on_one_by_one) {
  reports_of(port_of("srv1", "81"));
  db.psql("ALTER TABLE servers DROP COLUMN maxconn;");
  reads_one_row_only(*this);
  reports_of(port_of("srv3", "83"));
  BOOST_TEST(notes(*provider) == 1U);
  BOOST_TEST(contains(provider->sink().last_health().reason, "column t.maxconn does not exist"));
  // A new session looks anew.
  db.psql("ALTER TABLE servers ADD COLUMN maxconn integer;");
  db.server.terminate_sessions(db.name);
  BOOST_REQUIRE(eventually([&] { return provider->sink().last_health().reason.empty(); }));
  reports_of(port_of("srv3", "84"));
  BOOST_TEST(notes(*provider) == 1U);
}

BOOST_AUTO_TEST_CASE(what_the_database_refuses_for_a_single_row_is_told) {
  // It refuses only statements that do not read whole rows, as a timeout that is just long enough.
  for (const std::string code : {"57014", "40001", "42501"}) {
    BOOST_TEST_CONTEXT(code) {
      db.psql(
          "ALTER TABLE servers RENAME TO guarded;"
          "CREATE FUNCTION pass() RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN"
          "  IF current_query() NOT LIKE '%row_to_json%' THEN"
          "    RAISE EXCEPTION 'guard " +
          code + "' USING ERRCODE = '" + code +
          "'; END IF; RETURN true; END $f$;"
          "CREATE VIEW servers AS SELECT * FROM guarded WHERE pass();"
          "UPDATE guarded SET port = port + 1 WHERE name = 'srv1';");
      BOOST_CHECK(eventually([&] {
        return std::ranges::any_of(provider->healths(), [&](const auto& health) {
          return health.value == level::degraded && contains(health.reason, "guard " + code);
        });
      }));
      // The next full read heals it.
      BOOST_REQUIRE(provider->wait_live());
      agrees();
      db.psql("DROP VIEW servers; DROP FUNCTION pass; ALTER TABLE guarded RENAME TO servers;");
    }
  }
  BOOST_TEST(notes(*provider) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
