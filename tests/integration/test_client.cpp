// The commands that ask a running switchyard.

#include <boost/test/unit_test.hpp>

#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

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
}

BOOST_AUTO_TEST_CASE(exec_gives_haproxys_words_and_sends_one_command_only) {
  const auto info = run({"exec", "show info"});
  BOOST_TEST(info.exit_code == 0, info.output);
  BOOST_TEST(contains(info.output, "Name: HAProxy"), info.output);
  BOOST_TEST(json({"exec", "show version"}).at("command") == "show version");
  for (const auto* several : {"show info; show stat", "show info\nshow stat", "show info <<", ""}) {
    const auto refused = run({"exec", several});
    BOOST_TEST(refused.exit_code == 2, refused.output);
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

}  // namespace switchyard::tests
