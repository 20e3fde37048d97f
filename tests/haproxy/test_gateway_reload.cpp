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

struct slowly_checked_site : gateway_site {
  slowly_checked_site() {
    begin({web_site::web(), checked("shop", {local_server("s1", upstream.port()),
                                             local_server("s2", upstream.port())})});
    command("set server shop/s1 health down");
    BOOST_REQUIRE(stat("shop", "s1", "status").starts_with("DOWN"));
  }
  http_upstream upstream{"shop"};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_reloads, slowly_checked_site)

BOOST_AUTO_TEST_CASE(a_server_that_is_down_starts_as_down_in_the_new_worker) {
  const auto report = apply(of_its_own_kind(backend_of("other", {local_server("x")})));
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST(stat("shop", "s1", "status").starts_with("DOWN"), stat("shop", "s1", "status"));
  BOOST_TEST(stat("shop", "s2", "status").starts_with("UP"));
  BOOST_TEST(server("shop", "s1") == "127.0.0.1:" + std::to_string(upstream.port()) + " 100 ready");
}

// Nothing would ever find it up again.
BOOST_AUTO_TEST_CASE(a_server_that_is_down_starts_as_up_once_it_is_not_checked_any_more) {
  const auto report = apply(backend_of("shop", {local_server("s1", upstream.port())}));
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST(stat("shop", "s1", "status") == "no check");
  BOOST_TEST(read_text(path("haproxy.servers.state")) == "1\n");
  BOOST_TEST(command("show servers state shop").find(" s1 127.0.0.1 2 0 ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_later_start_of_haproxy_does_not_take_it_as_down) {
  apply(of_its_own_kind(backend_of("other", {local_server("x")})));
  BOOST_TEST(read_text(path("haproxy.servers.state")) == "1\n");
  reload_by_hand();
  BOOST_TEST(stat("shop", "s1", "status").starts_with("UP"), stat("shop", "s1", "status"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_and_the_operators_file, web_site)

BOOST_AUTO_TEST_CASE(a_changed_base_file_is_loaded_when_the_settings_are_read_again) {
  const auto worker = worker_pid();
  gateway().configure(settings, now);
  settle();
  BOOST_TEST(worker_pid() == worker);  // nothing has changed
  write_text(*settings.haproxy.base_file, read_text(*settings.haproxy.base_file) +
                                              "backend theirs\n    timeout connect 1s\n"
                                              "    timeout server 1s\n");
  settle();
  BOOST_TEST(worker_pid() == worker);  // they may still be writing
  const auto report = gateway().configure(settings, now);
  BOOST_REQUIRE_EQUAL(report.waiting.size(), 1U);
  BOOST_TEST(to_string(report.waiting.front().cause) == "changed base_file");
  settle();
  BOOST_TEST(worker_pid() != worker);
  BOOST_TEST(backend_exists("theirs"));
  BOOST_TEST(reconcile().waiting.empty());
}

BOOST_AUTO_TEST_CASE(a_base_file_that_haproxy_refuses_changes_nothing) {
  const auto worker = worker_pid();
  const auto good = read_text(*settings.haproxy.base_file);
  write_text(*settings.haproxy.base_file, good + "    no-such-directive\n");
  gateway().configure(settings, now);
  settle();
  BOOST_TEST(worker_pid() == worker);
  BOOST_TEST(reconcile().waiting.size() == 1U);
  write_text(*settings.haproxy.base_file, good);
  BOOST_TEST(gateway().configure(settings, now).waiting.empty());
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(one_that_changed_before_switchyard_met_haproxy_is_loaded_with_one_reload) {
  const auto worker = worker_pid();
  BOOST_TEST(restart_gateway().waiting.empty());  // it is older than HAProxy
  const auto started = std::chrono::system_clock::now();
  BOOST_REQUIRE(eventually([&] {  // HAProxy tells its start in whole seconds
    return std::chrono::system_clock::now() > started + std::chrono::seconds(2);
  }));
  write_text(*settings.haproxy.base_file, read_text(*settings.haproxy.base_file) +
                                              "backend theirs\n    timeout connect 1s\n"
                                              "    timeout server 1s\n");
  const auto report = restart_gateway();
  BOOST_REQUIRE_EQUAL(report.waiting.size(), 1U);
  BOOST_TEST(to_string(report.waiting.front().cause) == "changed base_file");
  apply(whole({change(web())}));
  settle();
  BOOST_TEST(backend_exists("theirs"));
  const auto after = worker_pid();
  BOOST_TEST(after != worker);
  BOOST_TEST(restart_gateway().waiting.empty());
  BOOST_TEST(worker_pid() == after);
}

BOOST_AUTO_TEST_SUITE_END()
