// A server that somebody drained by hand takes no new request until somebody says so: over reloads,
// and whatever ends in between.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_drain)

namespace {

using nlohmann::json;

/// Two servers of a backend that was set by hand, of which srv1 was drained. Nothing asks for a
/// reload, or compares, unless the test does.
struct drained_by_hand {
  http_upstream one{"srv1"}, two{"srv2"};
  site gateway{"  - {name: manual, type: memory}\n", options()};
  std::uint64_t before = 0;

  drained_by_hand() {
    put("api-backend", json{{"servers", {server("srv1", one), server("srv2", two)}}});
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1", "srv2"}), gateway.log());
    // On a busy machine the first one may be told to try again.
    std::string said;
    BOOST_REQUIRE_MESSAGE(eventually([&] {
                            const auto drained = switchyard({"drain", "api-backend/srv1", "--wait",
                                                             "--config", gateway.settings_file()});
                            said = drained.output;
                            return drained.exit_code == 0;
                          }),
                          said);
    BOOST_REQUIRE(eventually([&] {
      return contains(gateway.config_text(), "server srv1 " + place(one) + " weight 0");
    }));
    before = one.requests();
  }
  static site_options options() {
    site_options o;
    o.reconcile = "10m";
    return o;
  }

  static std::string place(const http_upstream& at) {
    return "127.0.0.1:" + std::to_string(at.port());
  }
  static json server(const std::string& name, const http_upstream& at) {
    return {{"name", name}, {"address", "127.0.0.1"}, {"port", at.port()}};
  }
  void put(const std::string& backend, const json& body) const {
    ask("PUT", "/v1/backends/" + backend + "?wait=20s", body);
  }
  void ask(const std::string& method, const std::string& path, const json& body) const {
    const auto answer = http_ask(gateway.api_port(), method, path, body.dump(),
                                 "Content-Type: application/json\r\n");
    BOOST_REQUIRE_MESSAGE(answer.status / 100 == 2, answer.body);
  }
  /// That it is served as ever, and nothing came to srv1 while clients asked all the time.
  void drains_still(continuous_load& load) const {
    BOOST_TEST(gateway.server_becomes("api-backend", "srv1", place(one) + " 100 drain"),
               gateway.log());
    const auto enough = load.answered() + 50;
    BOOST_TEST(eventually([&] { return load.answered() >= enough; }), gateway.log());
    BOOST_TEST(one.requests() == before, gateway.log());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(a_drain_by_hand, drained_by_hand)

BOOST_AUTO_TEST_CASE(outlives_a_reload) {
  const auto worker = gateway.worker_pid();
  continuous_load load(gateway.port(), 2);
  auto other = json{{"servers", {server("srv2", two)}}, {"balance", "leastconn"}};
  put("other", other);
  BOOST_TEST(another_worker_than(worker, gateway), gateway.log());
  drains_still(load);
  BOOST_TEST(load.stop().failed == 0U);
}

BOOST_AUTO_TEST_CASE(outlives_the_end_of_haproxy) {
  continuous_load load(gateway.port(), 2);
  const auto worker = gateway.worker_pid();
  const auto master = gateway.master_pid();
  BOOST_REQUIRE(master > 0);
  BOOST_REQUIRE(::kill(master, SIGKILL) == 0);
  BOOST_REQUIRE(eventually([&] {
    const auto now = gateway.worker_pid();
    return now != 0 && now != worker;
  }));
  drains_still(load);
}

BOOST_AUTO_TEST_CASE(outlives_a_restart_of_switchyard_and_haproxy) {
  continuous_load load(gateway.port(), 2);
  BOOST_TEST(gateway.stop_switchyard() == 0);
  gateway.start_switchyard();
  drains_still(load);
}

BOOST_AUTO_TEST_CASE(outlives_a_killed_switchyard_whatever_was_done_to_haproxy_meanwhile) {
  continuous_load load(gateway.port(), 2);
  gateway.switchyard().signal(SIGKILL);
  BOOST_REQUIRE(gateway.switchyard().wait(std::chrono::seconds(5)).has_value());
  BOOST_REQUIRE(gateway.reload_by_hand());  // it loads what the file has
  gateway.start_switchyard();
  drains_still(load);
  BOOST_TEST(load.stop().failed == 0U);
}

BOOST_AUTO_TEST_CASE(ends_when_somebody_says_so) {
  ask("PATCH", "/v1/backends/api-backend/servers/srv1", {{"state", "ready"}});
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
