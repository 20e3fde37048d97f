// The command line as users type it.

#include <signal.h>
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "base/net.hpp"
#include "base/subprocess.hpp"
#include "haproxy/replies.hpp"
#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_cli)

BOOST_AUTO_TEST_SUITE(words)

BOOST_AUTO_TEST_CASE(help_is_success_and_wrong_words_are_a_usage_error) {
  BOOST_TEST(switchyard({"--help"}).exit_code == 0);
  BOOST_TEST(switchyard({"run", "--help"}).exit_code == 0);
  BOOST_TEST(switchyard({"help"}).output == switchyard({"--help"}).output);
  BOOST_TEST(switchyard({"help", "run"}).output == switchyard({"run", "--help"}).output);
  BOOST_TEST(contains(switchyard({"help", "stauts"}).output, "did you mean status?"));
  BOOST_TEST(switchyard({}).exit_code == 2);
  BOOST_TEST(switchyard({"fly"}).exit_code == 2);
  BOOST_TEST(switchyard({"check", "-o", "xml"}).exit_code == 2);
  const auto mistyped = switchyard({"stats", "-o", "json"});
  BOOST_TEST(mistyped.exit_code == 2);
  BOOST_TEST(
      contains(mistyped.output, "switchyard: there is no command stats; did you mean status?"),
      mistyped.output);
  const auto superfluous = switchyard({"plan", "file.yaml"});
  BOOST_TEST(superfluous.exit_code == 2);
  BOOST_TEST(superfluous.output.starts_with("switchyard plan: "), superfluous.output);
  BOOST_TEST(contains(superfluous.output, "`switchyard plan --help`"), superfluous.output);
}

BOOST_AUTO_TEST_CASE(version_is_text_or_json) {
  BOOST_TEST(contains(switchyard({"version"}).output, "switchyard "));
  BOOST_TEST(switchyard({"--version"}).output == switchyard({"version"}).output);
  const auto json = nlohmann::json::parse(switchyard({"version", "-o", "json"}).output);
  BOOST_TEST(json.at("name") == "switchyard");
}

BOOST_AUTO_TEST_CASE(sql_prints_a_script_that_psql_takes_twice) {
  const auto script = switchyard({"sql", "--schema", "by_cli", "--channel", "By \"cli\""});
  BOOST_TEST(script.exit_code == 0);
  const auto json = switchyard_json({"sql", "--schema", "by_cli", "--channel", "By \"cli\""});
  BOOST_TEST(json.at("script") == script.output);
  database().psql("postgres", "CREATE SCHEMA by_cli");
  database().psql("postgres", script.output);
  database().psql("postgres", script.output);
  database().psql(
      "postgres",
      "INSERT INTO by_cli.servers (backend, name, ip, port) VALUES ('b', 's', '10.0.0.1', 1)");
  BOOST_TEST(switchyard({"sql", "--schema", std::string(64, 'x')}).exit_code == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(checking, files)

BOOST_AUTO_TEST_CASE(a_sound_installation_passes) {
  const auto result = switchyard({"check", "--config", config()});
  BOOST_TEST(result.exit_code == 0, result.output);
  BOOST_TEST(contains(result.output, "provider files: 1 backend, 1 server"), result.output);
  const auto json =
      nlohmann::json::parse(switchyard({"check", "-c", config(), "-o", "json"}).output);
  BOOST_TEST(json.at("ok") == true);
}

BOOST_AUTO_TEST_CASE(settings_errors_name_line_and_column) {
  write_text(config(), settings("colour: red\n"));
  const auto result = switchyard({"check", "--config", config()});
  BOOST_TEST(result.exit_code == 1);
  BOOST_TEST(contains(result.output, "switchyard.yaml:9:"), result.output);
  BOOST_TEST(contains(result.output, "colour"), result.output);
}

BOOST_AUTO_TEST_CASE(a_missing_settings_file_is_named) {
  const auto result = switchyard({"check", "--config", folder / "none.yaml"});
  BOOST_TEST(result.exit_code == 1);
  BOOST_TEST(contains(result.output, "none.yaml"), result.output);
}

BOOST_AUTO_TEST_CASE(a_missing_haproxy_is_said_with_the_remedy) {
  const auto result = switchyard({"check", "--config", config()},
                                 {{"SWITCHYARD_HAPROXY__BINARY", "/nowhere/haproxy"}});
  BOOST_TEST(result.exit_code == 1);
  BOOST_TEST(contains(result.output, "install HAProxy"), result.output);
}

BOOST_AUTO_TEST_CASE(a_database_that_cannot_be_reached_is_said_without_its_password) {
  write_text(config(), settings("").replace(
                           settings("").find("  - {name: files"), 0,
                           "  - {name: db, type: postgres, dsn: \"host=" + folder.path().string() +
                               " password=hunter2 dbname=x\"}\n"));
  const auto result = switchyard({"check", "--config", config()});
  BOOST_TEST(result.exit_code == 1);
  BOOST_TEST(contains(result.output, "FAIL  provider db"), result.output);
  BOOST_TEST(!contains(result.output, "hunter2"), result.output);
}

BOOST_AUTO_TEST_CASE(a_query_for_single_backends_is_tried_as_well) {
  const std::string row = "SELECT 'b' AS backend, 's' AS name, '127.0.0.1' AS ip, 80 AS port";
  const auto with = [&](const std::string& single) {
    write_text(config(),
               settings("").replace(settings("").find("  - {name: files"), 0,
                                    "  - {name: db, type: postgres, dsn: \"" +
                                        database().dsn("postgres") + "\", queries: {all: \"" + row +
                                        "\", backends: \"" + single + "\"}}\n"));
    return switchyard({"check", "--config", config()});
  };
  const auto sound = with(row + " WHERE 'b' = ANY($1)");
  BOOST_TEST(sound.exit_code == 0, sound.output);
  const auto broken = with("SELECT * FROM no_such_table WHERE x = ANY($1)");
  BOOST_TEST(broken.exit_code == 1);
  BOOST_TEST(contains(broken.output, "reading the single backend b: "), broken.output);
  BOOST_TEST(contains(broken.output, "no_such_table"), broken.output);
}

BOOST_AUTO_TEST_CASE(a_configuration_file_of_somebody_else_is_not_touched) {
  write_text(folder.path() / "haproxy.cfg", "global\n");
  for (const auto* command : {"check", "run"}) {
    const auto result = switchyard({command, "--config", config()});
    BOOST_TEST(result.exit_code == 1);
    BOOST_TEST(contains(result.output, "haproxy.cfg"), result.output);
  }
  BOOST_TEST(read_text(folder.path() / "haproxy.cfg") == "global\n");
}

BOOST_AUTO_TEST_CASE(ports_in_use_are_named) {
  const auto taken = base::reserve({"127.0.0.1", port});
  BOOST_REQUIRE(static_cast<bool>(taken));
  for (const auto* command : {"check", "run"}) {
    const auto result = switchyard({command, "--config", config()});
    BOOST_TEST(result.exit_code == 1);
    BOOST_TEST(contains(result.output, std::to_string(port) + " is in use"), result.output);
  }
}

BOOST_AUTO_TEST_CASE(an_address_of_the_api_that_is_taken_stops_no_traffic) {
  auto taken = base::reserve({"127.0.0.1", api});
  BOOST_REQUIRE(static_cast<bool>(taken));
  const auto checked = switchyard({"check", "--config", config()});
  BOOST_TEST(checked.exit_code == 1);
  BOOST_TEST(contains(checked.output, "FAIL  api: 127.0.0.1:"), checked.output);
  const auto running = run();
  BOOST_TEST(answered_by("srv1"));
  BOOST_TEST(logged("the API cannot listen: 127.0.0.1:"));
  taken->reset();
  BOOST_TEST(logged("the API listens on 127.0.0.1:"));
  BOOST_TEST(http_get(api, "/healthz", "localhost").status == 200);
}

BOOST_AUTO_TEST_CASE(the_authorities_of_servers_are_looked_at) {
  const auto with = [&](const std::string& file) {
    return switchyard({"check", "--config", config()},
                      {{"SWITCHYARD_HAPROXY__SERVER_CA_FILE", folder / file}});
  };
  const auto missing = with("none.pem");
  BOOST_TEST(missing.exit_code == 1);
  BOOST_TEST(contains(missing.output, "FAIL  server_ca_file: haproxy.server_ca_file: "),
             missing.output);
  BOOST_TEST(contains(missing.output, "none.pem"), missing.output);
  write_text(folder / "empty.pem", "nothing\n");
  BOOST_TEST(contains(with("empty.pem").output, "FAIL  server_ca_file"));
  write_text(folder / "key.pem", self_signed("a.test").key);
  BOOST_TEST(contains(with("key.pem").output, "holds no certificate"));
  write_text(folder / "ca.pem", self_signed("a.test").certificate);
  const auto sound = with("ca.pem");
  BOOST_TEST(sound.exit_code == 0, sound.output);
  BOOST_TEST(contains(sound.output, "ok    server_ca_file: " + folder / "ca.pem"), sound.output);
}

BOOST_AUTO_TEST_CASE(an_haproxy_that_was_left_behind_and_cannot_be_reached_is_named) {
  const auto daemon = run();
  BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
  const auto master = [&] {
    return haproxy::parse_proc(ask_socket(folder / "master.sock", "show proc"));
  };
  BOOST_REQUIRE(eventually([&] { return bool(master()); }));
  const auto left = master()->master;
  daemon->signal(SIGKILL);
  BOOST_TEST(daemon->wait(std::chrono::seconds(10)).has_value());
  std::filesystem::remove(folder / "master.sock");
  const auto result = switchyard({"check", "--config", config()});
  BOOST_TEST(result.exit_code == 1);
  BOOST_TEST(contains(result.output, std::to_string(left)), result.output);
  BOOST_TEST(contains(result.output, "end the process that is named"), result.output);
  ::kill(left, SIGTERM);
  BOOST_TEST(eventually([&] { return processes_with(folder.path().string()).empty(); }));
}

BOOST_AUTO_TEST_CASE(check_makes_nothing) {
  const auto result = switchyard({"check", "--config", config()},
                                 {{"SWITCHYARD_HAPROXY__CONFIG_FILE", folder / "new/haproxy.cfg"}});
  BOOST_TEST(contains(result.output, "ok    files"), result.output);
  BOOST_TEST(!std::filesystem::exists(folder.path() / "new"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(running, files)

BOOST_AUTO_TEST_CASE(term_and_int_end_it_and_leave_nothing_behind) {
  for (const int number : {SIGTERM, SIGINT}) {
    auto daemon = run();
    BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
    // The worker serves already while the master still executes itself anew.
    const auto ask = [&] {
      return haproxy::parse_proc(ask_socket(folder / "master.sock", "show proc"));
    };
    BOOST_REQUIRE(eventually([&] { return static_cast<bool>(ask()); }));
    const auto proc = ask();
    BOOST_REQUIRE(static_cast<bool>(proc));
    // The daemon, HAProxy's master and its worker.
    const auto processes = processes_with(folder.path().string());
    BOOST_TEST(processes.contains(proc->master));
    BOOST_TEST(processes.size() >= 3U);
    daemon->signal(number);
    BOOST_TEST(daemon->wait(std::chrono::seconds(20)).value_or(-1) == 0, log());
    BOOST_TEST(processes_with(folder.path().string()).empty());
    BOOST_TEST(http_get(port).status == 0);
    BOOST_TEST(!std::filesystem::exists(folder.path() / "run.sock"));
    BOOST_TEST(!std::filesystem::exists(folder.path() / "master.sock"));
  }
}

BOOST_AUTO_TEST_CASE(a_second_one_on_the_same_files_refuses_to_start) {
  const auto daemon = run();
  BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
  const auto second =
      switchyard({"run", "--config", config()},
                 {{"SWITCHYARD_API__LISTEN", "127.0.0.1:" + std::to_string(free_port())}});
  BOOST_TEST(second.exit_code == 1);
  BOOST_TEST(contains(second.output, "another switchyard runs on"), second.output);
  // It would take what the first one keeps there for leftovers.
  const auto same_state = switchyard(
      {"run", "--config", config()},
      {{"SWITCHYARD_API__LISTEN", "127.0.0.1:" + std::to_string(free_port())},
       {"SWITCHYARD_HAPROXY__CONFIG_FILE", (folder.path() / "other" / "haproxy.cfg").string()}});
  BOOST_TEST(same_state.exit_code == 1);
  BOOST_TEST(contains(same_state.output, "another switchyard runs on the state_dir"),
             same_state.output);
  BOOST_TEST(answered_by("srv1"), log());
}

BOOST_AUTO_TEST_CASE(a_saved_file_is_live_at_once) {
  const auto daemon = run();
  BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
  write_text(folder.path() / "backends.yaml", backends({&one, &two}));
  BOOST_TEST(answered_by("srv2", false), log());
  write_text(folder.path() / "backends.yaml", backends({&two}));
  BOOST_TEST(answered_by("srv2"), log());
  write_text(folder.path() / "backends.yaml", "backends: [\n");
  BOOST_TEST(logged("backends.yaml:"), log());
  BOOST_TEST(answered_by("srv2"), log());
}

BOOST_AUTO_TEST_CASE(hup_takes_good_settings_and_leaves_bad_ones) {
  const auto daemon = run();
  BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
  daemon->signal(SIGHUP);
  BOOST_TEST(logged("settings re-read from " + config() + ": nothing has changed"), log());
  write_text(config(), settings("colour: red\nsize: 3\n"));
  daemon->signal(SIGHUP);
  // A line for each mistake.
  for (const auto* key : {"colour", "size"})
    BOOST_TEST(eventually([&] {
                 const auto text = log();
                 const auto at = text.find(key);
                 const auto line = text.rfind("\n", at) + 1;
                 return at != std::string::npos &&
                        contains(text.substr(line, at - line), "the settings stay as they are: ");
               }),
               log());
  BOOST_TEST(!contains(log(), "\\n"), log());
  BOOST_TEST(answered_by("srv1"), log());

  const auto second = free_port();
  write_text(folder.path() / "more.yaml", backends({&two}).replace(20, 5, "other"));
  auto text = settings("");
  text.replace(text.find("  - {name: files"), 0, "  - {name: more, type: file, path: more.yaml}\n");
  text.replace(text.find("providers:"), 0,
               "  - {name: second, binds: [{address: 127.0.0.1, port: " + std::to_string(second) +
                   "}], default_backend: other}\n");
  write_text(config(), text);
  daemon->signal(SIGHUP);
  BOOST_TEST(eventually([&] { return http_get(second).body == "srv2"; }, std::chrono::seconds(20)),
             log());
  BOOST_TEST(contains(log(), ": provider more added, frontend second added"), log());
  BOOST_TEST(answered_by("srv1"), log());
}

BOOST_AUTO_TEST_CASE(a_new_address_that_is_taken_is_refused_before_the_reload) {
  const auto daemon = run();
  BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
  BOOST_REQUIRE(logged("new backend hello"));
  const http_upstream holder("holder");
  auto text = settings("");
  text.replace(text.find("providers:"), 0,
               "  - {name: second, binds: [{address: 127.0.0.1, port: " +
                   std::to_string(holder.port()) + "}]}\n");
  continuous_load load(port, 2);
  write_text(config(), text);
  daemon->signal(SIGHUP);
  BOOST_TEST(logged(std::to_string(holder.port()) + " is in use"), log());
  BOOST_TEST(load.stop().failed == 0U);
  BOOST_TEST(answered_by("srv1"), log());
}

BOOST_AUTO_TEST_CASE(a_provider_that_failed_can_be_removed_and_added_again) {
  const auto with = [&](const std::string& provider) {
    auto text = settings("");
    text.replace(text.find("  - {name: files"), 0, provider);
    write_text(config(), text);
  };
  const auto daemon = run();
  BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
  with("  - {name: db, type: postgres, dsn: \"no such keyword=1\"}\n");
  daemon->signal(SIGHUP);
  BOOST_TEST(logged("db: "), log());
  with("");
  daemon->signal(SIGHUP);
  BOOST_TEST(eventually([&] {
               const auto text = log();
               return text.find("settings re-read", text.find("settings re-read") + 1) !=
                      std::string::npos;
             }),
             log());
  write_text(folder.path() / "more.yaml", backends({&two}).replace(20, 5, "other"));
  with("  - {name: db, type: file, path: more.yaml}\n");
  daemon->signal(SIGHUP);
  BOOST_TEST(logged("new backend other"), log());
}

BOOST_AUTO_TEST_CASE(a_start_without_its_source_serves_what_was_served_before) {
  auto daemon = run();
  BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
  BOOST_REQUIRE(eventually(
      [&] { return contains(read_text(folder.path() / "haproxy.cfg"), "server srv1 "); }));
  daemon->signal(SIGTERM);
  BOOST_TEST(daemon->wait(std::chrono::seconds(20)).value_or(-1) == 0);
  std::filesystem::remove(folder.path() / "backends.yaml");
  daemon = run();
  BOOST_TEST(answered_by("srv1"), log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
