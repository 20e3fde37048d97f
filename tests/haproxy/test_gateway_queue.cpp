// Requests that wait for a server of the running HAProxy.

#include <boost/test/unit_test.hpp>
#include <future>
#include <string>
#include <vector>

#include "haproxy/limits.hpp"
#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
namespace model = switchyard::model;

/// A backend "web" with one server that answers slowly, one request at a time.
struct queued_site : gateway_site {
  queued_site() { upstream.set_delay(std::chrono::milliseconds(600)); }

  model::server slow(std::uint32_t maxconn) const {
    auto s = local_server("s1", upstream.port());
    s.maxconn = maxconn;
    return s;
  }
  /// One without a limit.
  model::server quick(const std::string& name) const { return local_server(name, other.port()); }
  /// Requests until so many of them wait in the backend's queue.
  void ask(const std::string& waiting) {
    for (int i = 0; i < 6; ++i)
      statuses.push_back(std::async(std::launch::async, [this] {
        // Less than HAProxy's timeout queue, and six of them.
        return http_get(port(), "/", "test", std::chrono::milliseconds(4500)).status;
      }));
    BOOST_REQUIRE(eventually([&] { return stat("web", "BACKEND", "qcur") == waiting; }));
  }
  void expect_answers() {
    for (auto& status : statuses) BOOST_TEST(status.get() == 200);
  }

  http_upstream upstream{"s1"};
  http_upstream other{"s2"};
  std::vector<std::future<int>> statuses;
};

struct one_server : queued_site {
  one_server() {
    begin({backend_of("web", {slow(1)})});
    settle();
    ask("5");
  }
};

/// With balance random a request waits for the server that was drawn, though another one is free.
struct random_site : queued_site {
  random_site() {
    begin({web(model::server_state::ready)});
    settle();
  }
  model::backend web(model::server_state state, unsigned weight = model::max_weight) const {
    auto drawn = slow(1);
    drawn.weight = static_cast<std::uint16_t>(weight);
    drawn.state = state;
    return random({drawn, rarely()});
  }
  model::server rarely() const {
    auto s = quick("s2");
    s.weight = 1;
    return s;
  }
  static model::backend random(const std::vector<model::server>& servers) {
    auto b = backend_of("web", servers);
    b.settings.balance = model::balance_algorithm::random;
    return b;
  }
  /// Until some wait. Once s2 is drawn it takes all that do, so that they are asked anew.
  void ask_some() {
    BOOST_REQUIRE(eventually(
        [&] {
          for (auto& status : statuses) status.wait();
          statuses.clear();
          for (int i = 0; i < 12; ++i)
            statuses.push_back(std::async(std::launch::async, [this] {
              return http_get(port(), "/", "test", std::chrono::seconds(4)).status;
            }));
          return eventually([&] { return std::stoi(stat("web", "BACKEND", "qcur")) >= 5; },
                            std::chrono::milliseconds(500));
        },
        std::chrono::seconds(60)));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_queue)

BOOST_FIXTURE_TEST_CASE(requests_that_wait_are_let_out_when_the_limit_is_lifted, one_server) {
  const auto report = apply(backend_of("web", {slow(0)}));
  BOOST_TEST(told(report, "web/s1 maxconn 0") == 1U, words(report));
  expect_answers();
}

BOOST_FIXTURE_TEST_CASE(requests_that_wait_go_to_a_new_server_without_a_limit, one_server) {
  apply(backend_of("web", {slow(1), quick("s2")}));
  BOOST_TEST(eventually([&] { return stat("web", "BACKEND", "qcur") == "0"; },
                        std::chrono::milliseconds(500)));
  expect_answers();
}

BOOST_FIXTURE_TEST_CASE(requests_that_wait_go_to_others_in_place_of_all_servers, one_server) {
  apply(backend_of("web", {quick("s2"), quick("s3")}));
  expect_answers();
}

BOOST_AUTO_TEST_CASE(requests_that_wait_go_to_one_that_comes_back) {
  for (const auto algorithm :
       {model::balance_algorithm::roundrobin, model::balance_algorithm::random}) {
    queued_site s;
    const auto web = [&](model::server_state first, model::server_state second) {
      auto b = backend_of("web", {s.slow(1), s.quick("s2")});
      b.servers[0].state = first;
      b.servers[1].state = second;
      b.settings.balance = algorithm;
      return b;
    };
    using enum model::server_state;
    s.begin({web(ready, drain)});
    s.settle();
    s.ask("5");
    s.apply(web(drain, ready));
    s.expect_answers();
  }
}

BOOST_FIXTURE_TEST_CASE(requests_that_wait_go_on_when_their_server_leaves, random_site) {
  ask_some();
  apply(random({rarely()}));
  expect_answers();
}

BOOST_FIXTURE_TEST_CASE(requests_that_wait_go_on_when_their_server_rests, random_site) {
  for (const auto state : {model::server_state::drain, model::server_state::maint}) {
    ask_some();
    const auto report = apply(web(state));
    BOOST_TEST(told(report, "web/s2") == 0U, words(report));
    expect_answers();
    statuses.clear();
    apply(web(model::server_state::ready));
  }
}

BOOST_FIXTURE_TEST_CASE(a_server_beside_limits_has_one_that_nothing_reaches, random_site) {
  const auto highest = std::to_string(switchyard::haproxy::no_limit);
  BOOST_TEST(stat("web", "s2", "slim") == highest);
  // Nobody takes that for a difference, nor writes it.
  const auto steps = reconcile().steps;
  BOOST_TEST(steps == 0U);
  BOOST_TEST(!file_has(highest));
  reload_by_hand();
  reconcile();
  BOOST_TEST(stat("web", "s2", "slim") == highest);
}

BOOST_AUTO_TEST_SUITE_END()
