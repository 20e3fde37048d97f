// The commands that ask a running switchyard.

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tests/integration/command_line.hpp"
#include "tests/integration/figures.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_client)

namespace {

/// A site on PostgreSQL, and the commands on its settings.
struct asked {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  std::unique_ptr<site> all;

  explicit asked(const std::string& more_providers = "", const site_options& options = {}) {
    db.sql(insert_server("api-backend", "srv1", one.port()));
    all = std::make_unique<site>(db.provider_yaml() + more_providers, options);
    BOOST_REQUIRE(all->answered_by({"srv1"}));
  }
  std::vector<std::string> on_settings(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--config", all->settings_file()});
    return arguments;
  }
  base::finished run(const std::vector<std::string>& arguments) const {
    return switchyard(on_settings(arguments), {{"TERM", "xterm"}});
  }
  nlohmann::json json(const std::vector<std::string>& arguments) const {
    return switchyard_json(on_settings(arguments));
  }
};

struct asked_default : asked {};

bool plain(const std::string& text) {
  return !contains(text, "\x1b");
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(client, asked_default)

BOOST_AUTO_TEST_CASE(status_shows_sources_haproxy_and_actors) {
  const auto text = run({"status"});
  BOOST_TEST(text.exit_code == 0, text.output);
  for (const auto* part : {"HAProxy", "managed", "last apply", "reloads", "1 backend, 1 server",
                           "db", "postgres", "live", "writer", "manager"})
    BOOST_TEST(contains(text.output, part), std::string(part) + " is not in\n" + text.output);
  BOOST_TEST(plain(text.output));
  BOOST_TEST(json({"status"}).at("providers").at(0).at("name") == "db");
}

BOOST_AUTO_TEST_CASE(settings_that_cannot_be_read_are_not_needed) {
  const std::map<std::string, std::string> at{
      {"SWITCHYARD_API__LISTEN", "127.0.0.1:" + std::to_string(all->api_port())}};
  const temp_dir folder;
  // Neither its secret nor its sources: the section `api` says where to ask.
  write_text(folder / "s.yaml", "providers: [{name: db, type: postgres, dsn_file: /none}]\n");
  for (const auto& file : {folder / "s.yaml", folder.path().string()}) {
    const auto there = switchyard({"status", "--config", file}, at);
    BOOST_TEST(there.exit_code == 0, there.output);
    BOOST_TEST(contains(there.output, "live"), there.output);
  }
  const auto nobody =
      switchyard({"status", "--config", folder.path().string()},
                 {{"SWITCHYARD_API__LISTEN", "127.0.0.1:" + std::to_string(free_port())}});
  BOOST_TEST(nobody.exit_code == 1);
  for (const auto* part : {"nobody answers at http://127.0.0.1:", "is no regular file",
                           "name settings that you can read with --config", "--api URL"})
    BOOST_TEST(contains(nobody.output, part), nobody.output);
  // One that was named and cannot be read may be another instance's: nobody else is asked then.
  const auto other = switchyard({"drain", "--config", folder.path().string(), "api-backend/srv1"});
  BOOST_TEST(other.exit_code == 1);
  BOOST_TEST(contains(other.output, "name the settings with --config"), other.output);
  // One that was named and is not there is a slip, after which nobody else is asked.
  const auto slip = switchyard({"status", "--config", folder / "t.yaml"}, at);
  BOOST_TEST(slip.exit_code == 1);
  BOOST_TEST(contains(slip.output, "t.yaml: no such file; name the settings"), slip.output);
}

BOOST_AUTO_TEST_CASE(status_is_coloured_on_a_terminal_unless_no_color_is_set) {
  const auto on_terminal = [&](const std::string& variables) {
    return run_program(
        {"env", "TERM=xterm", "script", "-qec",
         variables + " " SWITCHYARD_BINARY " status --config " + all->settings_file(),
         "/dev/null"});
  };
  BOOST_TEST(!plain(on_terminal("")));
  BOOST_TEST(plain(on_terminal("NO_COLOR=1")));
}

BOOST_AUTO_TEST_CASE(the_api_can_be_named_and_a_wrong_one_is_said) {
  const auto url = "http://127.0.0.1:" + std::to_string(all->api_port());
  BOOST_TEST(switchyard({"status", "--api", url}).exit_code == 0);
  const auto nobody = "127.0.0.1:" + std::to_string(free_port());
  const auto wrong = switchyard({"status", "--api", nobody});
  BOOST_TEST(wrong.exit_code == 1);
  BOOST_TEST(contains(wrong.output, nobody), wrong.output);
  BOOST_TEST(switchyard({"status", "--api", "ftp://x"}).exit_code == 2);
  // HAProxy's own frontend answers there.
  const auto other = "http://127.0.0.1:" + std::to_string(all->port());
  const auto stranger = switchyard({"status", "--api", other});
  BOOST_TEST(stranger.exit_code == 1);
  BOOST_TEST(contains(stranger.output, "what answers at " + other + " is no switchyard"),
             stranger.output);
}

BOOST_AUTO_TEST_CASE(exec_gives_haproxys_words_and_sends_one_command_only) {
  const auto info = run({"exec", "show info"});
  BOOST_TEST(info.exit_code == 0, info.output);
  BOOST_TEST(contains(info.output, "Name: HAProxy"), info.output);
  BOOST_TEST(json({"exec", "show version"}).at("command") == "show version");
  BOOST_TEST(json({"exec", "show", "version"}).at("command") == "show version");
  BOOST_TEST(run({"exec", "show nonsense"}).exit_code == 1);
  for (const auto* several : {"show info; show stat", "show info\nshow stat", "show info <<", ""}) {
    const auto refused = run({"exec", several});
    BOOST_TEST(refused.exit_code == 2, refused.output);
  }
}

BOOST_AUTO_TEST_CASE(backends_are_listed_and_filtered) {
  db.sql(insert_server("other", "srv2", two.port()) +
         "UPDATE servers SET state = 'maint' WHERE backend = 'other';");
  BOOST_REQUIRE(eventually([&] { return json({"backends"}).at("backends").size() == 2U; }));
  const auto table = run({"backends"});
  BOOST_TEST(table.exit_code == 0, table.output);
  BOOST_TEST(table.output.starts_with("BACKEND "), table.output);
  BOOST_TEST(contains(table.output, "api-backend  http  db"), table.output);
  BOOST_TEST(plain(table.output));
  const auto names = [&](const std::vector<std::string>& filter) {
    std::vector<std::string> arguments{"backends"};
    arguments.insert(arguments.end(), filter.begin(), filter.end());
    std::string all_names;
    const auto listed = json(arguments);
    for (const auto& b : listed.at("backends")) all_names += b.at("name").get<std::string>() + " ";
    return all_names;
  };
  BOOST_TEST(names({"api-*"}) == "api-backend ");
  // Once HAProxy has it: where it cannot add backends that takes a reload.
  BOOST_TEST(eventually([&] { return names({"--state", "maint"}) == "other "; }));
  BOOST_TEST(names({"--provider", "db"}) == "api-backend other ");
  BOOST_TEST(names({"--state", "drain"}) == "");
  BOOST_TEST(contains(run({"backends", "x*"}).output, "there is no such backend"));
  const auto unknown = run({"backends", "--provider", "nobody"});
  BOOST_TEST(unknown.exit_code == 1);
  BOOST_TEST(contains(unknown.output, "there is no provider nobody; those of the settings are db"),
             unknown.output);
  BOOST_TEST(run({"backends", "--state", "broken"}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(a_backend_is_shown_as_desired_and_as_it_is) {
  db.sql("UPDATE servers SET weight = 50");
  const auto place = "127.0.0.1:" + std::to_string(one.port()) + " weight 50 ready";
  std::string text;
  BOOST_TEST(eventually([&] {
               text = run({"backends", "api-backend"}).output;
               return contains(text, place + "  " + place);
             }),
             text);
  BOOST_TEST(contains(text, "api-backend: from provider db"), text);
  BOOST_TEST(!contains(text, "differs"), text);
  const auto body = json({"backends", "api-backend"});
  BOOST_TEST(body.at("origin") == "db");
  BOOST_TEST(body.at("actual").at("servers").at(0).at("weight") == 50);
  const auto missing = run({"backends", "nobody"});
  BOOST_TEST(missing.exit_code == 1);
  BOOST_TEST(contains(missing.output, "nobody"), missing.output);
}

BOOST_AUTO_TEST_CASE(bash_completes_names_of_backends_and_servers) {
  const auto offered = [&](const std::string& command, const std::string& word) {
    return run_program({"bash", "-c",
                        "source " SWITCHYARD_SOURCE_DIR
                        "/packaging/completions/switchyard.bash; COMP_WORDS=(" SWITCHYARD_BINARY
                        " " +
                            command + " --config " + all->settings_file() + " '" + word +
                            "'); COMP_CWORD=4; _switchyard; printf '%s\\n' \"${COMPREPLY[@]}\""});
  };
  BOOST_TEST(eventually([&] { return offered("backends", "api") == "api-backend\n"; }));
  BOOST_TEST(offered("backends", "nobody") == "\n");
  BOOST_TEST(offered("drain", "a") == "api-backend/\n");
  BOOST_TEST(offered("drain", "api-backend/") == "api-backend/srv1\n");
}

BOOST_AUTO_TEST_CASE(watch_shows_a_change_within_a_second_and_comes_back_after_a_restart) {
  using namespace std::chrono_literals;
  temp_dir folder;
  const auto watching = [&](const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {SWITCHYARD_BINARY, "watch"});
    return std::make_unique<background_process>(on_settings(std::move(arguments)),
                                                folder.path() / name);
  };
  const auto shown = [&](const std::string& name) { return read_text(folder.path() / name); };
  const auto listeners = [&](double number) {
    return eventually(
        [&] { return figures(all->api_port()).count("switchyard_event_listeners") == number; });
  };
  const auto text = watching("text", {});
  const auto lines = watching("lines", {"-o", "json", "--kind", "server"});
  BOOST_REQUIRE(listeners(2));
  db.sql(insert_server("api-backend", "srv2", two.port()));
  const auto tells = [&](const std::string& server, std::chrono::milliseconds longest) {
    return eventually([&] { return contains(shown("text"), server + " added"); }, longest) &&
           eventually([&] { return contains(shown("lines"), server + " added"); }, longest);
  };
  BOOST_TEST(tells("srv2", 5s), shown("text") << shown("lines"));
  BOOST_TEST(contains(shown("text"), "[db]"), shown("text"));
  BOOST_TEST(plain(shown("text")));
  all->stop_switchyard();
  all->start_switchyard();
  BOOST_REQUIRE(
      eventually([&] { return http_ask(all->api_port(), "GET", "/readyz").status == 200; }));
  BOOST_REQUIRE(listeners(2));
  db.sql(insert_server("api-backend", "srv3", two.port()));
  BOOST_TEST(tells("srv3", 5s), shown("text") << shown("lines"));
  BOOST_TEST(contains(shown("text"), "some changes were missed"), shown("text"));
  std::istringstream whole(shown("lines"));
  for (std::string line; std::getline(whole, line);) {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    BOOST_TEST((object.is_object() && object.contains("event")), line);
  }
}

BOOST_AUTO_TEST_CASE(a_switchyard_that_does_not_run_is_said_with_the_remedy) {
  all->stop_switchyard();
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"status"}, {"backends"}, {"watch"}, {"drain", "a/b"}}) {
    const auto result = run(command);
    BOOST_TEST(result.exit_code == 1, result.output);
    BOOST_TEST(contains(result.output, "127.0.0.1:" + std::to_string(all->api_port())),
               result.output);
    BOOST_TEST(contains(result.output, "is switchyard running?"), result.output);
  }
  const auto exec = run({"exec", "show info"});
  BOOST_TEST(exec.exit_code == 1);
  BOOST_TEST(contains(exec.output, "is HAProxy running?"), exec.output);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// The same with a memory provider, whose backend is the site's default.
struct asked_by_hand : asked {
  asked_by_hand() : asked("  - {name: manual, type: memory}\n") {
    put("hand", one.port());
    BOOST_REQUIRE(eventually([&] { return all->server("hand", "srv1") != ""; }));
  }
  void put(const std::string& backend, std::uint16_t port) const {
    const auto body =
        nlohmann::json{{"servers", {{{"name", "srv1"}, {"address", "127.0.0.1"}, {"port", port}}}}};
    const auto answer = http_ask(all->api_port(), "PUT", "/v1/backends/" + backend, body.dump(),
                                 "Content-Type: application/json\r\n");
    BOOST_REQUIRE_MESSAGE(answer.status / 100 == 2, answer.body);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(draining, asked_by_hand)

BOOST_AUTO_TEST_CASE(a_server_of_the_memory_provider_drains) {
  const auto done = json({"drain", "hand/srv1", "--wait", "--timeout", "20s"});
  BOOST_TEST(done.at("drained") == true, done.dump());
  BOOST_TEST(done.at("sessions") == 0, done.dump());
  BOOST_TEST(contains(all->server("hand", "srv1"), "drain"), all->server("hand", "srv1"));
  const auto again = run({"drain", "hand/srv1"});
  BOOST_TEST(again.exit_code == 0, again.output);
  BOOST_TEST(contains(again.output, "hand/srv1 "), again.output);
}

BOOST_AUTO_TEST_CASE(a_server_of_another_source_is_refused_with_the_remedy_there) {
  const auto refused = run({"drain", "api-backend/srv1"});
  BOOST_TEST(refused.exit_code == 1, refused.output);
  BOOST_TEST(contains(refused.output, "belongs to provider db (postgres)"), refused.output);
  BOOST_TEST(contains(refused.output, "UPDATE servers SET state = 'drain'"), refused.output);
  BOOST_TEST(contains(all->server("api-backend", "srv1"), "ready"));
  BOOST_TEST(run({"drain", "hand/nobody"}).exit_code == 1);
  for (const auto* wrong : {"hand", "hand/", "/srv1", "a/b/c"})
    BOOST_TEST(run({"drain", wrong}).exit_code == 2, wrong);
  BOOST_TEST(run({"drain", "hand/srv1", "--timeout", "soon"}).exit_code == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
