// The main job with Redis: a service that registers itself carries traffic as long as it does so.

#include <boost/test/unit_test.hpp>

#include "tests/integration/site.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_redis)

namespace {

struct registry {
  redis_server& server = shared_redis();
  http_upstream one{"srv1"}, two{"srv2"};
  site gateway;

  registry() : gateway(prepared()) {
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

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
