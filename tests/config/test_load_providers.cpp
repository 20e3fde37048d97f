#include <boost/test/unit_test.hpp>

#include "tests/config/sample.hpp"
#include "tests/support/support.hpp"

namespace switchyard::config {

namespace {

using tests::bad;
using tests::good;
using tests::provider;

std::string postgres(const std::string& more) {
  return provider("{name: db, type: postgres, dsn: x, " + more + "}");
}

postgres_settings postgres_of(const settings& all) {
  return std::get<postgres_settings>(all.providers.at(0).source);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(load_providers)

BOOST_AUTO_TEST_CASE(a_provider_is_of_a_known_type) {
  BOOST_TEST(
      bad(provider("{name: a, type: mysql}")) ==
      "s.yaml:2:15: /providers/0/type: must be postgres, redis, rest, exec, file or memory, not "
      "\"mysql\"");
  BOOST_TEST(bad(provider("{name: a}")) == "s.yaml:2:5: /providers/0/type: is missing");
  BOOST_TEST(bad(provider("just text")) ==
             "s.yaml:2:5: /providers/0: must be an object, not the string \"just text\"");
}

BOOST_AUTO_TEST_CASE(names_are_valid_and_unique) {
  BOOST_TEST(bad(provider("{type: file, path: /x}")) ==
             "s.yaml:2:5: /providers/0/name: is missing");
  BOOST_TEST(bad(provider("{name: 'a/b', type: file, path: /x}"))
                 .starts_with("s.yaml:2:6: /providers/0/name: must be 1 to 128 of"));
  BOOST_TEST(
      bad(provider("{name: a, type: file, path: /x}\n  - {name: a, type: file, path: /y}")) ==
      "s.yaml:3:6: /providers/1/name: the name \"a\" is taken by an earlier provider: choose "
      "another");
}

BOOST_AUTO_TEST_CASE(there_is_at_least_one) {
  BOOST_TEST(
      bad("providers: []\n")
          .starts_with("s.yaml:1:1: /providers: must have at least one entry, such as {name: "));
  BOOST_TEST(bad("providers: {name: a}\n") ==
             "s.yaml:1:1: /providers: must be a list, not an object");
}

BOOST_AUTO_TEST_CASE(keys_of_another_type_are_unknown) {
  BOOST_TEST(bad(provider("{name: a, type: file, path: /x, dsn: y}")) ==
             "s.yaml:2:37: /providers/0/dsn: unknown key, known here: max_bytes, max_depth, "
             "max_objects, name, path, resync, type");
}

BOOST_AUTO_TEST_CASE(postgres_needs_one_connection_string) {
  BOOST_TEST(bad(provider("{name: db, type: postgres}")) ==
             "s.yaml:2:5: /providers/0/dsn: is missing: give dsn, such as \"host=/run/postgresql "
             "dbname=app\", or dsn_file");
  BOOST_TEST(bad(provider("{name: db, type: postgres, dsn: ''}")) ==
             "s.yaml:2:32: /providers/0/dsn: must be a connection string such as "
             "\"host=/run/postgresql dbname=app\"");
  BOOST_TEST(bad(postgres("dsn_file: /x")) ==
             "s.yaml:2:40: /providers/0/dsn_file: dsn is given as well: leave one of the two out");
  BOOST_TEST(bad(provider("{name: db, type: postgres, dsn_file: null}"))
                 .starts_with("s.yaml:2:5: /providers/0/dsn: is missing"));
  BOOST_TEST(bad(postgres("dsn_file: null")) == "taken");
}

BOOST_AUTO_TEST_CASE(a_connection_string_may_stand_in_a_file_of_its_own) {
  const tests::temp_dir folder;
  const auto path = folder / "dsn";
  const auto text = provider("{name: db, type: postgres, dsn_file: " + path + "}");
  for (const std::string content :
       {"host=h password=p", "host=h password=p\n", "host=h password=p\r\n"}) {
    tests::write_text(path, content);
    BOOST_TEST(postgres_of(good(text)).dsn == "host=h password=p");
  }
  for (const std::string content : {"", "\n", "two\nlines\n"}) {
    tests::write_text(path, content);
    BOOST_TEST(bad(text) == "s.yaml:2:32: /providers/0/dsn_file: " + path +
                                " must hold one line with the connection string");
  }
  std::filesystem::remove(path);
  BOOST_TEST(bad(text) ==
             "s.yaml:2:32: /providers/0/dsn_file: cannot be read: " + path + ": no such file");
}

BOOST_AUTO_TEST_CASE(a_secret_file_begins_at_the_folder_of_the_settings) {
  const tests::temp_dir folder;
  tests::write_text(folder / "dsn", "host=h\n");
  const auto read = parse(provider("{name: db, type: postgres, dsn_file: dsn, password_file: pw}"),
                          folder / "s.yaml", {});
  BOOST_REQUIRE(read);
  BOOST_TEST(postgres_of(*read).dsn == "host=h");
  BOOST_TEST(postgres_of(*read).password_file.value() == folder / "pw");
}

BOOST_AUTO_TEST_CASE(a_secret_is_not_repeated_in_a_message) {
  const tests::temp_dir folder;
  tests::write_text(folder / "dsn", "password=topsecret\nmore\n");
  const auto what = bad(provider("{name: db, type: postgres, dsn_file: " + (folder / "dsn") + "}"));
  BOOST_TEST(what.find("topsecret") == std::string::npos, what);
}

BOOST_AUTO_TEST_CASE(identifiers_are_not_empty_and_not_cut_by_postgresql) {
  for (const std::string key : {"schema", "channel"}) {
    const auto at = "s.yaml:2:40: /providers/0/" + key;
    BOOST_TEST(bad(postgres(key + ": ''")).starts_with(at + ": must be a PostgreSQL identifier"));
    BOOST_TEST(bad(postgres(key + ": " + std::string(63, 'x'))) == "taken");
    BOOST_TEST(bad(postgres(key + ": " + std::string(64, 'x'))) ==
               at + ": must be at most 63 bytes long, not 64");
    BOOST_TEST(bad(postgres(key + ": \"a\\0b\"")).starts_with(at + ": must not have control"));
  }
}

BOOST_AUTO_TEST_CASE(polling_needs_nothing_else) {
  BOOST_TEST(!postgres_of(good(postgres("listen: false"))).listen);
  BOOST_TEST(bad(postgres("listen: off")) ==
             "s.yaml:2:40: /providers/0/listen: must be true or false, not the string \"off\"");
}

BOOST_AUTO_TEST_CASE(times_have_ranges) {
  for (const std::string key : {"resync", "interval", "heartbeat", "query_timeout"}) {
    const auto at = "s.yaml:2:40: /providers/0/" + key + ": must be a duration";
    BOOST_TEST(bad(postgres(key + ": 10ms")).starts_with(at), key);
    BOOST_TEST(bad(postgres(key + ": 2d")).starts_with(at), key);
    BOOST_TEST(bad(postgres(key + ": 5")).starts_with(at), key);
  }
}

BOOST_AUTO_TEST_CASE(how_deep_values_may_be_has_a_range) {
  for (const std::string source : {"type: postgres, dsn: x", "type: redis", "type: file, path: /x",
                                   "type: rest, url: x", "type: exec, command: [x]"}) {
    const auto read = [&](int depth) {
      return bad(provider("{name: a, " + source + ", max_depth: " + std::to_string(depth) + "}"));
    };
    for (const int outside : {4, 101})
      BOOST_TEST(tests::contains(read(outside), "/providers/0/max_depth: must be"), source);
    for (const int inside : {5, 100}) BOOST_TEST(read(inside) == "taken", source);
  }
  BOOST_TEST(postgres_of(good(postgres("max_depth: 7"))).max_depth == 7U);
}

BOOST_AUTO_TEST_CASE(queries_come_in_pairs) {
  BOOST_TEST(bad(postgres("queries: {all: SELECT 1}")) ==
             "s.yaml:2:40: /providers/0/queries/backends: is missing");
  BOOST_TEST(bad(postgres("queries: {backends: SELECT 1}")) ==
             "s.yaml:2:40: /providers/0/queries/all: is missing");
  BOOST_TEST(bad(postgres("queries: {all: ' ', backends: SELECT 1}")) ==
             "s.yaml:2:50: /providers/0/queries/all: must be an SQL query of at most 65536 bytes");
  BOOST_TEST(bad(postgres("queries: {all: SELECT 1, backends: [x]}"))
                 .starts_with("s.yaml:2:65: /providers/0/queries/backends: must be an SQL query"));
  BOOST_TEST(
      bad(postgres("queries: {all: a, backends: b, one: c}")) ==
      "s.yaml:2:71: /providers/0/queries/one: unknown key, known here: all, backends, routes");
  BOOST_TEST(!postgres_of(good(postgres("queries: null"))).queries);
  BOOST_TEST(
      !postgres_of(good(postgres("queries: {all: a, backends: b, routes: ~}"))).queries->routes);
}

BOOST_AUTO_TEST_CASE(a_file_provider_needs_a_path) {
  BOOST_TEST(bad(provider("{name: a, type: file}")) == "s.yaml:2:5: /providers/0/path: is missing");
  BOOST_TEST(bad(provider("{name: a, type: file, path: ''}")) ==
             "s.yaml:2:27: /providers/0/path: must be a path, not an empty text");
  BOOST_TEST(bad(provider("{name: a, type: file, path: null}")) ==
             "s.yaml:2:27: /providers/0/path: must be a string, not null");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::config
