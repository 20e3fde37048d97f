// The main job with Redis: a service that registers itself carries traffic as long as it does so.

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "tests/integration/site.hpp"
#include "tests/providers/redis/sentinel_group.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_redis)

namespace {

struct registry {
  redis_server& server = shared_redis();
  http_upstream one{"srv1"}, two{"srv2"};
  site gateway;

  explicit registry(const site_options& options = {}) : gateway(prepared(), options) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  }

  std::string prepared() const {
    server.cli({"FLUSHALL"});
    enter(one);
    return "  - {name: registry, type: redis, url: \"" + server.url() + "\"}\n";
  }
  void enter(const http_upstream& upstream) const {
    server.cli({"HSET", "switchyard:server:api-backend:" + upstream.name(), "address", "127.0.0.1",
                "port", std::to_string(upstream.port())});
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redis, registry)

BOOST_AUTO_TEST_CASE(a_service_that_registers_itself_carries_traffic_until_its_time_is_up) {
  const auto worker = gateway.worker_pid();
  enter(two);
  server.cli({"PEXPIRE", "switchyard:server:api-backend:srv2", "6000"});
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1"}), gateway.log());
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", ""));
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_weight_that_is_set_and_a_key_that_is_deleted_reach_haproxy) {
  const auto worker = gateway.worker_pid();
  enter(two);
  const std::string key = "switchyard:server:api-backend:srv2";
  const auto at = "127.0.0.1:" + std::to_string(two.port());
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", at + " 100 ready"), gateway.log());
  server.cli({"HSET", key, "weight", "7"});
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", at + " 7 ready"), gateway.log());
  server.cli({"HSET", key, "state", "drain"});
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", at + " 7 drain"), gateway.log());
  server.cli({"DEL", key});
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", ""), gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1"}), gateway.log());
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()

// The control of flushall_is_held_with_its_routes_until_the_services_register_again.
BOOST_AUTO_TEST_CASE(control_without_the_guard_flushall_takes_traffic_down) {
  site_options unguarded;
  unguarded.more = guard_off;
  const registry all(unguarded);
  all.server.cli({"FLUSHALL"});
  BOOST_TEST(eventually([&] { return http_get(all.gateway.port()).status == 503; }),
             all.gateway.log());
}

// -- the master is killed --

BOOST_AUTO_TEST_CASE(no_request_fails_when_the_master_is_killed) {
  const group all;
  const http_upstream one("srv1"), two("srv2");
  const auto enter = [](const redis_server& at, const http_upstream& upstream) {
    at.cli({"HSET", "switchyard:server:api-backend:" + upstream.name(), "address", "127.0.0.1",
            "port", std::to_string(upstream.port())});
  };
  enter(all.one, one);
  BOOST_REQUIRE(all.one.cli({"WAIT", "1", "5000"}).starts_with("1"));
  std::string sentinels;
  for (const auto& s : all.watching) sentinels += (sentinels.empty() ? "" : ", ") + s->address();
  const site gateway(
      "  - {name: registry, type: redis, url: \"redis:///0\", master: mymaster, "
      "sentinels: [" +
      sentinels + "]}\n");
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  continuous_load load(gateway.port(), 2);
  ::kill(all.one.pid(), SIGKILL);
  BOOST_REQUIRE(eventually([&] { return has_role(all.two, "master"); }, std::chrono::seconds(40)));
  enter(all.two, two);
  BOOST_TEST(eventually([&] { return !gateway.server("api-backend", "srv2").empty(); },
                        std::chrono::seconds(20)),
             gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(totals.answered > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
