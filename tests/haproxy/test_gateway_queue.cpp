// Requests that wait for a server of the running HAProxy.

#include <boost/test/unit_test.hpp>
#include <future>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
namespace model = switchyard::model;

/// A backend "web" with one server that answers slowly, one request at a time.
struct queued_site : gateway_site {
  queued_site() {
    upstream.set_delay(std::chrono::milliseconds(300));
    begin({web(1)});
    settle();
  }
  model::backend web(std::uint32_t maxconn) const {
    auto s = local_server("s1", upstream.port());
    s.maxconn = maxconn;
    return backend_of("web", {s});
  }
  http_upstream upstream{"s1"};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_queue, queued_site)

BOOST_AUTO_TEST_CASE(requests_that_wait_are_let_out_when_the_limit_is_lifted) {
  std::vector<std::future<int>> statuses;
  for (int i = 0; i < 4; ++i)
    statuses.push_back(std::async(std::launch::async, [this] {
      // Less than HAProxy's timeout queue.
      return http_get(port(), "/", "test", std::chrono::seconds(4)).status;
    }));
  BOOST_REQUIRE(eventually([&] { return stat("web", "BACKEND", "qcur") == "3"; }));
  const auto report = apply(web(0));
  BOOST_TEST(told(report, "web/s1 maxconn 0") == 1U, words(report));
  for (auto& status : statuses) BOOST_TEST(status.get() == 200);
}

BOOST_AUTO_TEST_SUITE_END()
