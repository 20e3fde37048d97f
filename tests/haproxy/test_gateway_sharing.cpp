// Another HAProxy, with sockets of its own, on the ports of ours.

#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <future>
#include <optional>
#include <thread>

#include "haproxy/port_watch.hpp"
#include "tests/haproxy/gateway_sites.hpp"
#include "tests/support/haproxy_server.hpp"

namespace {

using namespace switchyard::tests;

const std::string shared = "listens on 127.0.0.1:";

struct shared_site : web_site {
  /// At a time at which it is looked.
  haproxy::apply_report reconcile() {
    now += haproxy::port_watch::usual_pause;
    return web_site::reconcile();
  }
  void start_second() {
    second.emplace(haproxy_site(port(), "own", "    server s1 127.0.0.1:9\n"));
  }
  static bool in_trouble(const haproxy::apply_report& report) {
    return std::ranges::any_of(report.troubles,
                               [](const auto& t) { return t.find(shared) != std::string::npos; });
  }

  void look() {
    const auto report = reconcile();
    BOOST_REQUIRE_MESSAGE(told(report, shared) == 0U && !in_trouble(report), words(report));
  }
  /// Reloads by hand, and looks all the while.
  void reload_and_look() {
    const auto& master = *settings.haproxy.master_socket;
    const auto before = processes().worker;
    BOOST_REQUIRE(eventually([&] {
      auto asked = std::async(std::launch::async, [&] { ask_socket(master, "reload"); });
      do look();
      while (asked.wait_for(std::chrono::seconds(0)) != std::future_status::ready);
      return processes().worker != 0 && processes().worker != before;
    }));
    look();
  }

  std::optional<haproxy_server> second;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_and_haproxys_ports, shared_site)

BOOST_AUTO_TEST_CASE(that_another_haproxy_has_too_are_told_with_its_pid_until_it_ends) {
  reconcile();
  start_second();
  const auto first_look = reconcile();
  BOOST_TEST(told(first_look, shared) == 0U, words(first_look));
  const auto report = reconcile();
  BOOST_TEST(told(report, "haproxy, process " + std::to_string(second->worker_pid()) + ") " +
                              shared + std::to_string(port()) + " too") == 1U,
             words(report));
  BOOST_TEST(in_trouble(report));
  reload_by_hand();
  for (int i = 0; i < 3; ++i) {
    const auto later = reconcile();
    BOOST_TEST(told(later, shared) == 0U, words(later));
    BOOST_TEST(in_trouble(later));
  }
  second.reset();
  const auto after = reconcile();
  BOOST_TEST(told(after, "nobody else listens on HAProxy's ports any more") == 1U, words(after));
  BOOST_TEST(after.troubles.empty());
}

// Workers come and go, one that is old stays for a client, and the last one is so busy that it
// still listens, on sockets that the next one could not get from it.
BOOST_AUTO_TEST_CASE(are_never_told_as_shared_over_reloads) {
  http_upstream slow("slow");
  slow.set_delay(std::chrono::minutes(1));
  apply(web({local_server("s3", slow.port())}));
  std::jthread client([this] { http_get(port()); });
  BOOST_REQUIRE(eventually([&] { return slow.requests() > 0; }));
  for (int i = 0; i < 20; ++i) reload_and_look();
  BOOST_TEST(eventually([&] { return !processes().old_workers.empty(); }));
  const auto busy = worker_pid();
  ::kill(busy, SIGSTOP);
  reload_and_look();
  const auto next = haproxy::sockets_of({0, processes().worker});
  BOOST_REQUIRE(next.has_value());
  BOOST_TEST(!haproxy::beside(haproxy::listeners_of(busy), *next).empty());
  for (int i = 0; i < 3; ++i) look();
  ::kill(busy, SIGCONT);
  haproxy_process().signal(SIGKILL);  // the request ends with it
}

BOOST_AUTO_TEST_SUITE_END()
