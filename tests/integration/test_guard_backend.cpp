// A backend that something leads to and that loses its last server, while its source goes on with
// all else.

#include <boost/test/unit_test.hpp>

#include "tests/integration/command_line.hpp"
#include "tests/integration/observed.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_guard_backend)

namespace {

/// Two servers in the backend of the frontend, and as many in another that nothing leads to.
struct two_backends : observed {
  two_backends() {
    add("srv2");
    db.sql(insert_server("other", "srv3", two.port()) + insert_server("other", "srv4", two.port()));
    BOOST_REQUIRE(all->answered_by({"srv1", "srv2"}));
    BOOST_REQUIRE(eventually([&] { return all->server("other", "srv4") != ""; }));
  }
  nlohmann::json holds() const {
    return nlohmann::json::parse(http_ask(all->api_port(), "GET", "/v1/holds").body).at("list");
  }
  base::finished type(std::vector<std::string> words) const {
    words.insert(words.end(), {"-c", all->settings_file()});
    return switchyard(words);
  }
  /// What bash completes behind the command.
  std::string offered_after(const std::string& command) const {
    return run_program({"bash", "-c",
                        "source " SWITCHYARD_SOURCE_DIR
                        "/packaging/completions/switchyard.bash; COMP_WORDS=(" SWITCHYARD_BINARY
                        " " +
                            command + " --config " + all->settings_file() +
                            " ''); COMP_CWORD=4; _switchyard; printf '%s\\n' "
                            "\"${COMPREPLY[@]}\""});
  }
  double figure(const std::string& name) const { return count(name + "{provider=\"db\"}"); }
};

const std::string told = "backend api-backend of provider db would lose its last ready server";

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_backend_that_is_led_to_is_held_and_the_other_one_is_not, two_backends) {
  db.sql("DELETE FROM servers WHERE backend = 'api-backend'");
  BOOST_REQUIRE_MESSAGE(eventually([&] { return holds().size() == 1; }), all->log());
  const auto hold = holds().front();
  BOOST_TEST(hold.at("backend") == "api-backend", hold.dump());
  BOOST_TEST(hold.at("lost") == 2, hold.dump());
  BOOST_TEST(hold.at("of") == 2, hold.dump());
  BOOST_TEST(hold.at("what") == told, hold.dump());
  BOOST_TEST(eventually([&] { return all->log_has(told); }), all->log());
  BOOST_TEST(eventually(
      [&] { return figure("switchyard_holds") == 1 && figure("switchyard_held_servers") == 2; }));
  const auto table = type({"approve"});
  BOOST_TEST(contains(table.output, told), table.output);
  BOOST_TEST(eventually([&] {
    return contains(type({"check"}).output,
                    "no source has its default_backend api-backend any more, but the last good "
                    "state of db does");
  }));
  const auto number = hold.at("id").dump();
  BOOST_TEST(offered_after("approve") == number + "\n");
  BOOST_TEST(offered_after("reject") == number + "\n");

  db.sql("DELETE FROM servers WHERE name = 'srv3'");
  BOOST_TEST(eventually([&] { return all->server("other", "srv3") == ""; }), all->log());
  BOOST_TEST(holds().size() == 1U);
  BOOST_TEST(all->answered_by({"srv1", "srv2"}), all->log());

  const auto approved = type({"approve", number});
  BOOST_TEST(approved.exit_code == 0, approved.output);
  BOOST_TEST(eventually([&] { return http_get(all->port()).status == 503; }), all->log());
  BOOST_TEST(eventually([&] { return figure("switchyard_holds") == 0; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
