// Sockets of HAProxy whose files are gone, or lead to somebody else.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::seconds;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_and_sockets_that_are_gone, web_site)

// Somebody else reloads it, and it loads for some seconds.
BOOST_AUTO_TEST_CASE(a_master_that_may_be_loading_raises_no_alarm) {
  const auto alarm = "HAProxy (process " + std::to_string(haproxy_process().pid()) + ") runs";
  hide_sockets();
  auto report = reconcile();
  BOOST_TEST(!report.reachable);
  BOOST_TEST(told(report, alarm) == 0U, words(report));
  BOOST_TEST(told(report, "through HAProxy's master: socket") == 1U, words(report));
  now += seconds(9);
  BOOST_TEST(told(reconcile(), alarm) == 0U);
  now += seconds(2);
  report = reconcile();
  BOOST_TEST(told(report, alarm) == 1U, words(report));
  BOOST_TEST(told(report, "run.sock: does not exist") == 1U, words(report));
  BOOST_TEST(told(report, "master.sock: does not exist") == 1U, words(report));
  show_sockets();
  BOOST_TEST(reconcile().reachable);
  hide_sockets();
  BOOST_TEST(told(reconcile(), alarm) == 0U);
  show_sockets();
}

// What a reload would load is neither checked nor written, however often it is tried.
BOOST_AUTO_TEST_CASE(a_reload_without_the_masters_socket_is_told_with_its_remedy) {
  settle();
  const auto before = std::filesystem::last_write_time(settings.haproxy.config_file);
  std::filesystem::remove(*settings.haproxy.master_socket);
  auto report = apply(of_its_own_kind(backend_of("other", {local_server("o1")})));
  BOOST_TEST(report.reachable);
  BOOST_TEST(!report.reload.has_value());
  const auto remedy = "kill -USR2 " + std::to_string(haproxy_process().pid());
  BOOST_TEST(told(report, remedy) == 1U, words(report));
  now += seconds(5);
  BOOST_TEST(words(reconcile()).empty());
  BOOST_TEST((std::filesystem::last_write_time(settings.haproxy.config_file) == before));
  haproxy_process().signal(SIGUSR2);
  BOOST_REQUIRE(eventually([&] { return processes().reloads == 1U; }));
  BOOST_TEST(eventually([&] {
    now += seconds(5);
    return reconcile().reload.has_value();
  }));
  BOOST_TEST(server("other", "o1") == ready);
}

BOOST_AUTO_TEST_CASE(a_reload_goes_to_no_master_of_somebody_else) {
  write_text(path("own.cfg"), haproxy_head(path("own.sock")) +
                                  haproxy_site(free_port(), "own", "    server s 127.0.0.1:9\n"));
  background_process second({haproxy_binary(), "-W", "-S",
                             *settings.haproxy.master_socket + ",mode,600", "-f", path("own.cfg")},
                            path("second.log"));
  BOOST_REQUIRE(eventually([&] { return processes().master == second.pid(); }));
  BOOST_REQUIRE(eventually([&] { return !ask_socket(path("own.sock"), "show info").empty(); }));
  const auto report = apply(of_its_own_kind(backend_of("other", {local_server("o1")})));
  BOOST_TEST(report.reachable);
  BOOST_TEST(!report.reload.has_value());
  BOOST_TEST(told(report, "another HAProxy (process " + std::to_string(second.pid())) == 1U,
             words(report));
  BOOST_TEST(processes().reloads == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_of_a_managed_haproxy_without_its_masters_socket, managed_site)

BOOST_AUTO_TEST_CASE(a_reload_goes_by_a_signal_and_makes_the_socket_anew) {
  const auto master = processes().master;
  now += std::chrono::minutes(1);
  std::filesystem::remove(*settings.haproxy.master_socket);
  const auto report = apply(of_its_own_kind(backend_of("other", {local_server("o1")})));
  BOOST_TEST(report.reload.has_value(), words(report));
  BOOST_TEST(told(report, "it is reloaded by a signal") == 1U, words(report));
  BOOST_TEST(server("other", "o1") == ready);
  BOOST_TEST(processes().master == master);
  now += std::chrono::minutes(1);
  auto third = backend_of("third", {local_server("o1")});
  third.settings.balance = switchyard::model::balance_algorithm::source;
  const auto again = apply(third);
  BOOST_TEST(again.reload.has_value(), words(again));
  BOOST_TEST(told(again, "signal") == 0U, words(again));
}

BOOST_AUTO_TEST_SUITE_END()
