#include <stdlib.h>

#include <boost/test/unit_test.hpp>

#include "tests/config/sample.hpp"

namespace switchyard::config {

namespace {

using namespace std::chrono_literals;
using tests::bad;
using tests::good;
using tests::least;

const std::string database =
    "providers:\n  - {name: files, type: file, path: /x}\n"
    "  - {name: main-db.eu, type: postgres, dsn: host=old}\n";

const std::string gateway = least + "frontends: [{name: gateway, binds: [{port: 80}]}]\n";

std::string dsn_of(const settings& all) {
  return std::get<postgres_settings>(all.providers.at(1).source).dsn;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(overrides)

BOOST_AUTO_TEST_CASE(a_variable_takes_the_place_of_a_key_whether_the_file_has_it_or_not) {
  BOOST_TEST(
      (good(least + "log: {level: warn}\n", {{"SWITCHYARD_LOG__LEVEL", "debug"}}).log.level ==
       log_level::debug));
  BOOST_TEST((good(least, {{"SWITCHYARD_LOG__LEVEL", "debug"}}).log.level == log_level::debug));
  BOOST_TEST((good(least, {{"SWITCHYARD_DRAIN_TIMEOUT", "5s"}}).drain_timeout == 5s));
  BOOST_TEST((good(least, {{"SWITCHYARD_HAPROXY__RELOAD__MIN_INTERVAL", "9s"}})
                  .haproxy.reload.min_interval == 9s));
}

BOOST_AUTO_TEST_CASE(an_entry_of_a_list_goes_by_its_name) {
  BOOST_TEST(dsn_of(good(database, {{"SWITCHYARD_PROVIDERS__MAIN_DB_EU__DSN",
                                     "host=new dbname=a"}})) == "host=new dbname=a");
  BOOST_TEST(good(gateway, {{"SWITCHYARD_FRONTENDS__GATEWAY__DEFAULT_BACKEND", "api"}})
                 .frontends[0]
                 .default_backend.value() == "api");
}

BOOST_AUTO_TEST_CASE(values_are_yaml) {
  BOOST_TEST(good(least, {{"SWITCHYARD_EVENT_BUFFER", "7"}}).event_buffer == 7U);
  const auto read = good(gateway, {{"SWITCHYARD_FRONTENDS__GATEWAY__BINDS",
                                    "[{address: 127.0.0.1, port: 81}, {port: 82}]"}});
  BOOST_REQUIRE(read.frontends[0].binds.size() == 2U);
  BOOST_TEST(read.frontends[0].binds[1].port == 82);
  BOOST_TEST(
      good("", {{"SWITCHYARD_PROVIDERS", "[{name: f, type: file, path: /x}]"}}).providers.size() ==
      1U);
}

BOOST_AUTO_TEST_CASE(a_text_that_yaml_would_read_otherwise_is_quoted) {
  const std::string name = "SWITCHYARD_PROVIDERS__MAIN_DB_EU__DSN";
  BOOST_TEST(bad(database, {{name, "password='a: b'"}}) ==
             name +
                 ": /providers/1/dsn: must be a string, not an object; the value is read as YAML: "
                 "put a text in quotes");
  BOOST_TEST(dsn_of(good(database, {{name, "\"password='a: b'\""}})) == "password='a: b'");
}

BOOST_AUTO_TEST_CASE(a_problem_of_a_value_names_its_variable) {
  BOOST_TEST(bad(least, {{"SWITCHYARD_LOG__LEVEL", "loud"}})
                 .starts_with("SWITCHYARD_LOG__LEVEL: /log/level: must be one of "));
  BOOST_TEST(bad(gateway, {{"SWITCHYARD_FRONTENDS__GATEWAY__BINDS", "[{port: 0}]"}})
                 .starts_with("SWITCHYARD_FRONTENDS__GATEWAY__BINDS: /frontends/0/binds/0/port: "));
  BOOST_TEST(bad(least, {{"SWITCHYARD_STATE_DIR", "a: b: c"}})
                 .starts_with("SWITCHYARD_STATE_DIR: the value is no YAML: 1:5: "));
  BOOST_TEST(
      bad(gateway, {{"SWITCHYARD_FRONTENDS__GATEWAY__BINDS", "*"}}).find("put it in quotes") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(problems_of_variables_follow_those_of_the_file) {
  const auto what = bad(least + "event_buffer: 0\n", {{"SWITCHYARD_LOG__LEVEL", "loud"}});
  const auto line = what.find('\n');
  BOOST_TEST(what.starts_with("s.yaml:2:1: /event_buffer: "));
  BOOST_TEST(what.substr(line + 1).starts_with("SWITCHYARD_LOG__LEVEL: "));
}

BOOST_AUTO_TEST_CASE(a_variable_that_names_no_setting_is_a_problem) {
  BOOST_TEST(bad(least, {{"SWITCHYARD_COLOUR", "red"}})
                 .starts_with("SWITCHYARD_COLOUR: /colour: unknown key, known here: api, "));
  BOOST_TEST(bad(least, {{"SWITCHYARD_LOG__COLOUR", "red"}}) ==
             "SWITCHYARD_LOG__COLOUR: /log/colour: unknown key, known here: format, level");
  BOOST_TEST(bad(least, {{"SWITCHYARD_STATE_DIR__X", "red"}}) != "taken");
  BOOST_TEST(bad(least + "state_dir: /x\n", {{"SWITCHYARD_STATE_DIR__X", "red"}}) ==
             "SWITCHYARD_STATE_DIR__X: state_dir is a single value and has no settings below it");
  for (const std::string name :
       {"SWITCHYARD_", "SWITCHYARD_LOG__", "SWITCHYARD___LOG", "SWITCHYARD_LOG____LEVEL"})
    BOOST_TEST(bad(least, {{name, "x"}}) ==
                   name + ": names no setting; write SWITCHYARD_A__B for the setting a.b",
               name);
}

BOOST_AUTO_TEST_CASE(a_variable_for_an_entry_that_is_not_there_is_a_problem) {
  BOOST_TEST(bad(database, {{"SWITCHYARD_PROVIDERS__OTHER__DSN", "x"}}) ==
             "SWITCHYARD_PROVIDERS__OTHER__DSN: no entry of providers has the name OTHER (in upper "
             "case, '_' for other characters); remove the variable or add the entry");
  BOOST_TEST(bad(least, {{"SWITCHYARD_FRONTENDS__GATEWAY__DEFAULT_BACKEND", "x"}})
                 .starts_with("SWITCHYARD_FRONTENDS__GATEWAY__DEFAULT_BACKEND: no entry of "
                              "frontends has the name GATEWAY"));
  BOOST_TEST(
      bad("providers:\n  - {name: a-b, type: file, path: /x}\n"
          "  - {name: a.b, type: file, path: /x}\n",
          {{"SWITCHYARD_PROVIDERS__A_B__PATH", "/y"}}) ==
      "SWITCHYARD_PROVIDERS__A_B__PATH: two entries of providers could be meant: rename one");
}

BOOST_AUTO_TEST_CASE(other_variables_and_the_path_of_the_file_are_left_alone) {
  BOOST_TEST((good(least, {{"SWITCHYARD_CONFIG", "/x"}, {"HOME", "/root"}, {"SWITCHYARDX", "1"}}) ==
              good(least)));
}

BOOST_AUTO_TEST_CASE(the_variables_of_this_process_are_those_with_the_prefix) {
  ::setenv("SWITCHYARD_TEST_A", "1=2", 1);
  ::setenv("OTHER_TEST_A", "1", 1);
  const auto variables = switchyard_environment();
  ::unsetenv("SWITCHYARD_TEST_A");
  ::unsetenv("OTHER_TEST_A");
  BOOST_REQUIRE(variables.contains("SWITCHYARD_TEST_A"));
  BOOST_TEST(variables.at("SWITCHYARD_TEST_A") == "1=2");
  for (const auto& [name, value] : variables) BOOST_TEST(name.starts_with("SWITCHYARD_"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::config
