// Servers that are half there, half gone, or not what the file says.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <thread>

#include "haproxy/renderer.hpp"
#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
namespace haproxy = switchyard::haproxy;
namespace model = switchyard::model;

/// A web_site with health checks that find nobody at port 1 within a moment.
struct checked_site : gateway_site {
  explicit checked_site(bool tapped = false) : gateway_site({.managed = false, .tapped = tapped}) {
    begin({checked()});
  }
  static model::backend checked(const std::vector<model::server>& more = {}) {
    auto b = web_site::web(more);
    b.settings.check = {model::check_type::tcp, "/", milliseconds(50), 1, 1};
    return b;
  }
  /// Only a server that is ready and checked is found to be down.
  bool is_checked(std::string_view name) const {
    return eventually([&] { return stat("web", name, "status").starts_with("DOWN"); },
                      std::chrono::seconds(2));
  }
};

struct tapped_checked_site : checked_site {
  tapped_checked_site() : checked_site(true) {}
};

struct leaving_server_site : gateway_site {
  /// web/s2 goes with its last connection, and web/s1 stays.
  void expect_deleted() {
    BOOST_TEST(eventually([&] {
      now = std::max(now, gateway().next_work().value_or(now));
      return told(tick(), "web/s2 drained and deleted") == 1;
    }));
    BOOST_TEST(server("web", "s2").empty());
    BOOST_TEST(server("web", "s1") == ready);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_and_the_file, web_site)

BOOST_AUTO_TEST_CASE(what_a_file_ahead_of_the_worker_says_is_not_taken_for_done) {
  const auto worker = worker_pid();
  hide_sockets();
  BOOST_TEST(!reconcile().reachable);
  BOOST_TEST(!apply(web({limited("s3", 7)})).reachable);
  BOOST_TEST(!apply(backend_of("web", {limited("s1", 9), local_server("s2")})).reachable);
  BOOST_REQUIRE(file_has("server s1 127.0.0.1:1 weight 100 maxconn 9"));
  show_sockets();
  const auto report = reconcile();
  BOOST_TEST(stat("web", "s1", "slim") == "9");
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_backup_that_only_the_file_knows_of_reaches_haproxy) {
  hide_sockets();
  BOOST_TEST(!reconcile().reachable);
  BOOST_TEST(!apply(backend_of("web", {local_server("s1"), backup("s2")})).reachable);
  BOOST_REQUIRE(file_has("backup"));
  show_sockets();
  const auto report = reconcile();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(stat("web", "s2", "bck") == "1");
  settle();
  BOOST_TEST(reconcile().waiting.empty());
}

BOOST_AUTO_TEST_CASE(many_that_leave_do_so_little_by_little) {
  constexpr std::size_t many = 250;
  std::vector<switchyard::model::server> servers;
  for (std::size_t i = 0; i < many; ++i)
    servers.push_back(local_server("m" + std::to_string(1000 + i)));
  apply(web(servers));
  settle();
  apply(web());
  now += std::chrono::seconds(1);
  std::size_t gone = 0;
  for (int ticks = 0; ticks < 10 && gone < many; ++ticks) {
    const auto report = tick();
    BOOST_TEST(report.steps <= 100U);
    gone += report.steps;
    if (gone < many) BOOST_TEST((gateway().next_work().value_or(now + many * read_after) <= now));
  }
  BOOST_TEST(gone == many);
  BOOST_TEST(server("web", "m1000").empty());
  BOOST_TEST(server("web", "m1249").empty());
  BOOST_TEST(server("web", "s1") == ready);
}

BOOST_AUTO_TEST_CASE(a_worker_loaded_from_a_file_that_was_behind_is_caught_up) {
  apply(backend_of("web", {limited("s1", 7), local_server("s2")}));
  BOOST_REQUIRE(stat("web", "s1", "slim") == "7");
  reload_by_hand();  // before the change was saved
  BOOST_REQUIRE(stat("web", "s1", "slim") != "7");
  const auto worker = worker_pid();
  const auto report = reconcile();
  BOOST_TEST(stat("web", "s1", "slim") == "7");
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_server_that_came_back_as_a_backup_costs_no_reload_while_the_file_is_behind) {
  const auto worker = worker_pid();
  apply(backend_of("web", {local_server("s1")}));
  tick_after(milliseconds(25));
  BOOST_REQUIRE(server("web", "s2").empty());
  apply(backend_of("web", {local_server("s1"), backup("s2")}));
  BOOST_TEST(stat("web", "s2", "bck") == "1");
  BOOST_REQUIRE(!file_has("backup"));
  auto report = reconcile();
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(report.waiting.empty());
  tick_after(saved_after);
  BOOST_TEST(file_has("backup"));
  report = reconcile();
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_server_that_becomes_a_backup_is_replaced_while_another_takes_the_traffic) {
  const auto report = apply(backend_of("web", {local_server("s1"), backup("s2")}));
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(told(report, "web/s2 replaced") == 1U);
  BOOST_TEST(stat("web", "s2", "bck") == "1");
  BOOST_TEST(server("web", "s2") == ready);
  settle();
  BOOST_TEST(file_has("backup"));
  BOOST_TEST(reconcile().waiting.empty());
}

// It would begin as up.
BOOST_AUTO_TEST_CASE(a_server_that_is_down_is_not_replaced_but_reloaded) {
  auto b = backend_of("checked", {local_server("s1"), local_server("s2")});
  b.settings.check.type = switchyard::model::check_type::tcp;
  b.settings.check.interval = std::chrono::minutes(1);
  apply(b);
  settle();
  command("set server checked/s2 health down");
  b.servers[1].backup = true;
  const auto report = apply(b);
  settle();
  BOOST_TEST(told(report, "replaced") == 0U, words(report));
  BOOST_TEST(stat("checked", "s2", "bck") == "1");
}

BOOST_AUTO_TEST_CASE(servers_of_a_bursts_earlier_parts_are_replaced_as_well) {
  apply(backend_of("other", {local_server("o1"), local_server("o2")}));
  settle();
  const auto worker_before = worker_pid();
  auto first = part({change(backend_of("web", {local_server("s1"), backup("s2")}))});
  first.complete = first.more = true;
  apply(first);
  auto last = part({change(backend_of("other", {limited("o1", 7), local_server("o2")}))});
  last.complete = true;
  const auto report = apply(last);
  settle();
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(stat("web", "s2", "bck") == "1");
  BOOST_TEST(worker_pid() == worker_before);
}

BOOST_AUTO_TEST_CASE(a_backup_that_is_the_only_server_takes_a_reload_when_it_becomes_none) {
  apply(backend_of("web", {backup("s2")}));
  settle();
  BOOST_REQUIRE(server("web", "s1").empty());
  const auto report = apply(backend_of("web", {local_server("s2")}));
  settle();
  BOOST_TEST(told(report, "replaced") == 0U);
  BOOST_TEST(stat("web", "s2", "bck") == "0");
  BOOST_TEST(!file_has("backup"));
}

BOOST_AUTO_TEST_CASE(a_server_with_a_request_under_way_is_not_replaced_but_reloaded) {
  http_upstream slow("slow");
  slow.set_delay(std::chrono::milliseconds(3000));
  const auto s2 = local_server("s2", slow.port());
  auto as_backup = s2;
  as_backup.backup = true;
  auto off = local_server("s1");
  off.state = switchyard::model::server_state::drain;
  apply(backend_of("web", {off, s2}));
  http_answer answer;
  std::thread client([&] { answer = http_get(port()); });
  BOOST_TEST(eventually([&] { return slow.requests() == 1; }));
  apply(backend_of("web", {local_server("s1"), s2}));
  const auto report = apply(backend_of("web", {local_server("s1"), as_backup}));
  BOOST_TEST(report.reload.has_value(), words(report));
  BOOST_TEST(stat("web", "s2", "bck") == "1");
  client.join();
  BOOST_TEST(answer.status == 200);
}

BOOST_AUTO_TEST_CASE(a_restarted_gateway_knows_them_from_the_file) {
  apply(backend_of("web", {limited("s1", 7), local_server("s2")}));
  apply(backend_of("web", {limited("s1", 7), backup("s2")}));
  tick_after(saved_after);
  const auto worker = worker_pid();
  restart_gateway();
  auto report = apply(backend_of("web", {limited("s1", 7), backup("s2")}));
  BOOST_TEST(report.steps == 0U, words(report));
  BOOST_TEST(report.waiting.empty());
  // And a change is seen as one.
  report = apply(backend_of("web", {limited("s1", 8), backup("s2")}));
  BOOST_TEST(report.steps == 1U, words(report));
  BOOST_TEST(stat("web", "s1", "slim") == "8");
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(gateway_and_half_added_servers)

BOOST_FIXTURE_TEST_CASE(one_in_maintenance_without_checks_is_enabled_with_its_checks,
                        checked_site) {
  const auto wanted = checked({local_server("s3")});
  apply(wanted);
  BOOST_REQUIRE(is_checked("s3"));
  BOOST_TEST(command("set server web/s3 state maint").size() <= 1U);
  command("del server web/s3");
  const auto again =
      haproxy::add_server("web", wanted.servers[2], *haproxy::server_options(wanted.settings));
  BOOST_TEST(command(again->line).find("New server registered") != std::string::npos);
  BOOST_REQUIRE(server("web", "s3") == "127.0.0.1:1 100 maint");
  const auto worker = worker_pid();
  const auto report = reconcile();
  BOOST_TEST(report.repaired == 2U, words(report));
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(is_checked("s3"));
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(worker_pid() == worker);
}

BOOST_FIXTURE_TEST_CASE(a_conversation_that_broke_before_the_checks_is_made_up_for,
                        tapped_checked_site) {
  const auto worker = worker_pid();
  tap().break_at(wiretap::cut::before, "enable health");
  BOOST_TEST(!apply(checked({local_server("s3")})).reachable);
  BOOST_REQUIRE(server("web", "s3") == "127.0.0.1:1 100 maint");
  BOOST_REQUIRE(gateway().next_work().has_value());
  now = std::max(now, *gateway().next_work());
  const auto report = tick();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(is_checked("s3"));
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(worker_pid() == worker);
}

BOOST_FIXTURE_TEST_CASE(checks_whose_answer_nobody_knows_are_switched_on_again,
                        tapped_checked_site) {
  tap().answer_with("enable health web/s3", "odd");
  auto report = apply(checked({local_server("s3")}));
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(report.failed_steps > 0U);
  report = tick_after(milliseconds(25));
  BOOST_TEST(report.repairs.contains("enable health"), words(report));
  BOOST_TEST(server("web", "s3") == "127.0.0.1:1 100 ready");
  BOOST_TEST(is_checked("s3"));
}

BOOST_FIXTURE_TEST_CASE(an_addition_whose_answer_was_lost_is_made_up_for, tapped_checked_site) {
  tap().break_at(wiretap::cut::after, "add server");
  BOOST_TEST(!apply(checked({local_server("s3")})).reachable);
  BOOST_REQUIRE(eventually([&] { return server("web", "s3") == "127.0.0.1:1 100 maint"; }));
  const auto report = reconcile();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(is_checked("s3"));
  BOOST_TEST(report.waiting.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_and_leaving_servers, leaving_server_site)

BOOST_AUTO_TEST_CASE(a_drain_that_was_lost_is_repeated_and_ends_in_the_deletion) {
  auto upstream = std::make_unique<http_upstream>("s2");
  upstream->set_delay(std::chrono::minutes(1));
  begin({backend_of("web", {local_server("s2", upstream->port())})});
  std::jthread client([&] { http_get(port(), "/", "test", std::chrono::seconds(30)); });
  BOOST_REQUIRE(eventually([&] { return upstream->requests() == 1; }));
  const auto at = "127.0.0.1:" + std::to_string(upstream->port()) + " 100 ";

  auto report = apply(backend_of("web", {local_server("s1")}));
  BOOST_REQUIRE(server("web", "s2") == at + "drain");
  command("set server web/s2 state ready");
  report = tick_after(milliseconds(25));
  BOOST_TEST(server("web", "s2") == at + "drain", words(report));
  BOOST_TEST((gateway().next_work() > now));  // the request under way is waited for at leisure
  command("set server web/s2 state ready");
  report = reconcile();
  BOOST_TEST(server("web", "s2") == at + "drain", words(report));

  upstream.reset();
  client.join();
  expect_deleted();
}

BOOST_AUTO_TEST_CASE(a_drain_goes_on_after_a_restart_of_switchyard) {
  auto upstream = std::make_unique<http_upstream>("s2");
  upstream->set_delay(std::chrono::minutes(1));
  begin({backend_of("web", {local_server("s2", upstream->port())})});
  std::jthread client([&] { http_get(port(), "/", "test", std::chrono::seconds(30)); });
  BOOST_REQUIRE(eventually([&] { return upstream->requests() == 1; }));
  const auto at = "127.0.0.1:" + std::to_string(upstream->port()) + " 100 ";
  apply(backend_of("web", {local_server("s1")}));
  BOOST_REQUIRE(server("web", "s2") == at + "drain");
  restart_gateway();
  apply(whole({change(backend_of("web", {local_server("s1")}))}));
  tick_after(milliseconds(25));
  BOOST_TEST(server("web", "s2") == at + "drain");
  upstream.reset();
  client.join();
  expect_deleted();
}

BOOST_AUTO_TEST_CASE(one_that_is_wanted_again_is_not_deleted) {
  begin({backend_of("web", {local_server("s1"), local_server("s2")})});
  apply(backend_of("web", {local_server("s1")}));
  BOOST_REQUIRE(server("web", "s2") == "127.0.0.1:1 100 drain");
  apply(backend_of("web", {local_server("s1"), local_server("s2")}));
  BOOST_TEST(server("web", "s2") == ready);
  tick_after(milliseconds(25));
  tick_after(std::chrono::minutes(1));
  BOOST_TEST(server("web", "s2") == ready);
}

BOOST_AUTO_TEST_SUITE_END()
