// When HAProxy is reloaded, and what a reload keeps.

#include <boost/test/unit_test.hpp>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "haproxy/master.hpp"
#include "tests/haproxy/gateway_sites.hpp"
#include "tests/support/kept_client.hpp"

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
  explicit slowly_checked_site(bool tapped = false) : gateway_site({.tapped = tapped}) {
    begin({web_site::web(), checked("shop", {local_server("s1", upstream.port()),
                                             local_server("s2", upstream.port())})});
    command("set server shop/s1 health down");
    BOOST_REQUIRE(stat("shop", "s1", "status").starts_with("DOWN"));
  }
  http_upstream upstream{"shop"};
};

struct tapped_slowly_checked_site : slowly_checked_site {
  tapped_slowly_checked_site() : slowly_checked_site(true) {}
};

/// A backend "web" that answers, and limits of reloads that a test chooses.
struct limited_reloads_site : gateway_site {
  limited_reloads_site() { begin({web()}); }
  switchyard::model::backend web() const {
    return backend_of("web", {local_server("s1", upstream->port())});
  }
  /// A gateway with the limits of the settings, which has made a reload.
  void begin_limited() {
    restart_gateway();
    BOOST_REQUIRE(!apply(whole({change(web())})).reload);
    BOOST_REQUIRE(apply(of_its_own_kind(backend_of("first", {local_server("f1")}))).reload);
  }
  static switchyard::model::backend second() {
    auto b = backend_of("second", {local_server("x1")});
    b.settings.balance = switchyard::model::balance_algorithm::source;
    return b;
  }
  std::unique_ptr<http_upstream> upstream = std::make_unique<http_upstream>("web");
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_reloads_are_limited, limited_reloads_site)

BOOST_AUTO_TEST_CASE(one_waits_while_as_many_old_workers_as_may_be_are_draining) {
  settings.haproxy.reload.max_old_workers = 1;
  upstream->set_delay(std::chrono::minutes(1));
  std::jthread client([&] { http_get(port(), "/", "test", std::chrono::seconds(30)); });
  BOOST_REQUIRE(eventually([&] { return upstream->requests() == 1; }));
  begin_limited();
  now += std::chrono::minutes(1);  // past what the reload took
  auto report = apply(second());
  BOOST_TEST(!report.reload.has_value());
  BOOST_TEST(told(report, "a reload waits: 1 old workers are still draining") == 1U, words(report));
  BOOST_TEST(report.waiting.size() == 1U);
  report = tick_after(std::chrono::seconds(1));
  BOOST_TEST(!report.reload.has_value());
  upstream.reset();
  client.join();
  BOOST_REQUIRE(eventually([&] { return processes().old_workers.empty(); }));
  BOOST_TEST(!tick_after(std::chrono::milliseconds(900)).reload.has_value());
  report = tick_after(std::chrono::milliseconds(100));
  BOOST_TEST(report.reload.has_value(), words(report));
  BOOST_TEST(
      (report.reload_reasons == std::vector<switchyard::haproxy::reload_reason>{
                                    {switchyard::haproxy::reload_cause::new_backend, "second"}}));
  BOOST_TEST(server("second", "x1") == ready);
}

BOOST_AUTO_TEST_CASE(without_a_master_socket_old_workers_are_counted_among_the_processes) {
  const auto of_the_master = [this] { return processes().old_workers.size(); };
  const auto master_socket = settings.haproxy.master_socket;
  settings.haproxy.reload.max_old_workers = 1;
  upstream->set_delay(std::chrono::minutes(1));
  std::jthread client([&] { http_get(port(), "/", "test", std::chrono::seconds(30)); });
  BOOST_REQUIRE(eventually([&] { return upstream->requests() == 1; }));
  begin_limited();
  BOOST_REQUIRE(of_the_master() == 1U);
  settings.haproxy.reload.command = {"/bin/sh", "-c",
                                     "kill -USR2 " + std::to_string(processes().master)};
  settings.haproxy.master_socket.reset();
  restart_gateway();
  auto report = apply(whole({change(web()), change(second())}));
  BOOST_TEST(!report.reload.has_value());
  BOOST_TEST(told(report, "a reload waits: 1 old workers are still draining") == 1U, words(report));
  upstream.reset();
  client.join();
  settings.haproxy.master_socket = master_socket;
  BOOST_REQUIRE(eventually([&] { return of_the_master() == 0U; }));
  settings.haproxy.master_socket.reset();
  bool reloaded = false;
  for (int i = 0; i < 10 && !reloaded; ++i) {
    report = tick_after(std::chrono::seconds(1));
    reloaded = report.reload.has_value();
  }
  BOOST_TEST(reloaded, words(report));
  BOOST_TEST(server("second", "x1") == ready);
  settings.haproxy.master_socket = master_socket;
}

BOOST_AUTO_TEST_CASE(all_that_come_within_the_interval_are_one_reload_at_its_end) {
  settings.haproxy.reload.min_interval = std::chrono::seconds(2);
  begin_limited();
  const auto applied_at = now;
  BOOST_TEST(!apply(second()).reload.has_value());
  auto changed = web();
  changed.settings.balance = switchyard::model::balance_algorithm::leastconn;
  BOOST_TEST(!apply(changed).reload.has_value());
  std::vector<switchyard::haproxy::apply_report> reloads;
  for (int i = 0; i < 50 && gateway().next_work(); ++i) {
    now = std::max(now, *gateway().next_work());
    auto report = tick();
    if (!report.reload) continue;
    BOOST_TEST((now >= applied_at + std::chrono::seconds(2)));
    reloads.push_back(std::move(report));
  }
  BOOST_REQUIRE(reloads.size() == 1U);
  BOOST_TEST(
      (reloads.front().reload_reasons ==
       std::vector<switchyard::haproxy::reload_reason>{
           {switchyard::haproxy::reload_cause::new_backend, "second"},
           {switchyard::haproxy::reload_cause::changed_settings, "web", "balance leastconn"}}));
}

// HAProxy would close it at the reload, and the request that is just coming would find it closed.
BOOST_AUTO_TEST_CASE(the_next_request_of_a_kept_connection_is_answered) {
  kept_client client(port());
  BOOST_REQUIRE(client.get().status == 200);
  const auto old = worker_pid();
  BOOST_REQUIRE(apply(second()).reload.has_value());
  const auto& master = *settings.haproxy.master_socket;
  BOOST_REQUIRE(eventually([&] {
    const auto info = ask_socket(master, "@!" + std::to_string(old) + " show info");
    return contains(info, "Stopping: 1") || !contains(info, "Pid: ");
  }));
  BOOST_TEST(client.get().status == 200);
}

BOOST_AUTO_TEST_SUITE_END()

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

// HAProxy ends a conversation that was idle for `stats timeout`, such as during long checks.
BOOST_FIXTURE_TEST_CASE(it_does_so_although_the_conversation_has_ended_before_the_reload,
                        tapped_slowly_checked_site) {
  tap().break_at(wiretap::cut::before, "show servers state");
  const auto report = apply(of_its_own_kind(backend_of("other", {local_server("x")})));
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST(stat("shop", "s1", "status").starts_with("DOWN"), stat("shop", "s1", "status"));
}

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
  BOOST_TEST(another_worker_than(worker, *this));
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
