// What a reload keeps.

#include <boost/test/unit_test.hpp>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;

/// With health checks that say nothing new for a minute.
switchyard::model::backend checked(std::string name,
                                   std::vector<switchyard::model::server> servers) {
  auto b = backend_of(std::move(name), std::move(servers));
  b.settings.check.type = switchyard::model::check_type::tcp;
  b.settings.check.interval = std::chrono::minutes(1);
  b.settings.check.rise = 2;
  return b;
}

struct checked_site : gateway_site {
  checked_site() {
    begin({web_site::web(), checked("shop", {local_server("s1", upstream.port()),
                                             local_server("s2", upstream.port())})});
    command("set server shop/s1 health down");
    BOOST_REQUIRE(stat("shop", "s1", "status").starts_with("DOWN"));
  }
  http_upstream upstream{"shop"};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_reloads, checked_site)

BOOST_AUTO_TEST_CASE(a_server_that_is_down_starts_as_down_in_the_new_worker) {
  const auto report = apply(of_its_own_kind(backend_of("other", {local_server("x")})));
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST(stat("shop", "s1", "status").starts_with("DOWN"), stat("shop", "s1", "status"));
  BOOST_TEST(stat("shop", "s2", "status").starts_with("UP"));
  BOOST_TEST(server("shop", "s1") == "127.0.0.1:" + std::to_string(upstream.port()) + " 100 ready");
}

BOOST_AUTO_TEST_CASE(a_later_start_of_haproxy_does_not_take_it_as_down) {
  apply(of_its_own_kind(backend_of("other", {local_server("x")})));
  BOOST_TEST(read_text(path("haproxy.servers.state")) == "1\n");
  reload_by_hand();
  BOOST_TEST(stat("shop", "s1", "status").starts_with("UP"), stat("shop", "s1", "status"));
}

BOOST_AUTO_TEST_SUITE_END()
