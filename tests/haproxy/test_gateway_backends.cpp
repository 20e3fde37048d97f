// Backends that come and go: without a reload where HAProxy can (3.4 and later), with one
// elsewhere.

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/replies.hpp"
#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using switchyard::haproxy::apply_report;

/// Dynamic backends, else a visible line and nothing to assert.
struct dynamic_site : web_site {
  dynamic_site() {
    settle();
    worker = worker_pid();
  }
  static bool usable() {
    if (haproxy_adds_backends()) return true;
    BOOST_TEST_MESSAGE("not on this HAProxy: it adds no backends at run time");
    return false;
  }
  /// Removes a backend.
  apply_report remove(const std::string& name) {
    switchyard::haproxy::apply_request request;
    request.complete = true;
    request.changes.push_back({name, nullptr});
    return apply(request);
  }
  apply_report apply_routes(std::vector<switchyard::model::route> routes) {
    switchyard::haproxy::apply_request request;
    request.complete = true;
    request.routes =
        std::make_shared<const std::vector<switchyard::model::route>>(std::move(routes));
    return apply(request);
  }
  using gateway_site::apply;
  pid_t worker = 0;
};

switchyard::model::backend shop(const std::vector<switchyard::model::server>& servers = {
                                    local_server("s1")}) {
  return backend_of("shop", servers);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_backends_at_run_time, dynamic_site)

BOOST_AUTO_TEST_CASE(a_backend_of_a_known_kind_comes_without_a_reload_and_reaches_the_file) {
  if (!usable()) return;
  const auto report = apply(shop());
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(told(report, "backend shop added without a reload") == 1U);
  BOOST_TEST(server("shop", "s1") == ready);
  BOOST_TEST(stat("shop", "BACKEND", "status") == "UP");
  settle();
  BOOST_TEST(file_has("\nbackend shop from "));
  // Out of reach for a moment, HAProxy was loaded with another version of servers alone.
  hide_sockets();
  reconcile();
  BOOST_TEST(!apply(web({local_server("s3")})).reachable);
  BOOST_REQUIRE(file_has("    server s3 "));
  show_sockets();
  BOOST_TEST(reconcile().waiting.empty());
  settle();
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(worker_pid() == worker);
  // What is written is what HAProxy has after a restart, and no reason for a reload.
  const auto next = restart_gateway();
  BOOST_TEST(next.waiting.empty());
  BOOST_TEST(reconcile().waiting.empty());
}

BOOST_AUTO_TEST_CASE(a_backend_of_another_kind_takes_one_reload_and_the_next_of_it_none) {
  if (!usable()) return;
  BOOST_TEST(apply(of_its_own_kind(shop())).reload.has_value());
  const auto report = apply(of_its_own_kind(backend_of("mall", {local_server("m1")})));
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(server("mall", "m1") == ready);
}

BOOST_AUTO_TEST_CASE(a_removed_backend_takes_no_traffic_then_goes_from_haproxy_and_the_file) {
  if (!usable()) return;
  apply(shop());
  settle();
  remove("shop");
  BOOST_TEST(stat("shop", "BACKEND", "status").find("UNPUB") != std::string::npos);
  settle();
  BOOST_TEST(!backend_exists("shop"));
  BOOST_TEST(!file_has("\nbackend shop "));
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(one_that_the_file_was_loaded_with_goes_as_well) {
  if (!usable()) return;
  const auto report = remove("web");
  BOOST_TEST(!report.reload.has_value());
  settle();
  BOOST_TEST(!backend_exists("web"));
  BOOST_TEST(!file_has("\nbackend web "));
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(one_that_comes_back_while_it_leaves_takes_traffic_again) {
  if (!usable()) return;
  apply(shop());
  remove("shop");
  apply(shop());
  settle();
  BOOST_TEST(server("shop", "s1") == ready);
  BOOST_TEST(stat("shop", "BACKEND", "status") == "UP");
  BOOST_TEST(file_has("\nbackend shop "));
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(one_that_comes_back_with_other_settings_has_those) {
  if (!usable()) return;
  BOOST_REQUIRE(apply(of_its_own_kind(backend_of("mall", {local_server("m1")}))).reload);
  apply(shop());
  remove("shop");
  settle();
  BOOST_REQUIRE(!backend_exists("shop"));
  const auto report = apply(of_its_own_kind(shop()));
  BOOST_TEST(!report.reload.has_value(), words(report));
  settle();
  BOOST_TEST(file_has("\nbackend shop from switchyard-http\n    balance leastconn\n"));
}

// As a blue and green deployment does it.
BOOST_AUTO_TEST_CASE(one_whose_routes_move_to_one_that_comes_with_it_goes_without_a_reload) {
  if (!usable()) return;
  const http_upstream after("zoo");
  apply(shop());
  apply_routes({{"", "/shop", "shop"}});
  settle();
  switchyard::haproxy::apply_request request;
  request.complete = true;
  request.changes = {change(backend_of("zoo", {local_server("z1", after.port())})),
                     {"shop", nullptr}};
  request.routes = std::make_shared<const std::vector<switchyard::model::route>>(
      std::vector<switchyard::model::route>{{"", "/shop", "zoo"}});
  apply(request);
  BOOST_TEST(http_get(port(), "/shop").body == "zoo");
  settle();
  BOOST_TEST(!backend_exists("shop"));
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(one_whose_routes_move_to_one_that_a_reload_brings_serves_until_then) {
  if (!usable()) return;
  settings.haproxy.reload.min_interval = std::chrono::seconds(2);
  restart_gateway();
  const http_upstream before("shop");
  const http_upstream after("mall");
  apply(shop({local_server("s1", before.port())}));
  apply_routes({{"", "/shop", "shop"}});
  settle();
  BOOST_REQUIRE(apply(of_its_own_kind(backend_of("first", {local_server("f1")}))).reload);
  // The next reload has to wait for its interval.
  auto next = backend_of("mall", {local_server("m1", after.port())});
  next.settings.balance = switchyard::model::balance_algorithm::source;
  switchyard::haproxy::apply_request request;
  request.complete = true;
  request.changes = {change(next), {"shop", nullptr}};
  request.routes = std::make_shared<const std::vector<switchyard::model::route>>(
      std::vector<switchyard::model::route>{{"", "/shop", "mall"}});
  const auto report = apply(request);
  BOOST_REQUIRE(!report.reload.has_value());
  BOOST_TEST(http_get(port(), "/shop").body == "shop");
  tick_after(std::chrono::seconds(1));
  BOOST_TEST(http_get(port(), "/shop").body == "shop");
  settle();
  BOOST_TEST(http_get(port(), "/shop").body == "mall");
  BOOST_TEST(!backend_exists("shop"));
  BOOST_TEST(!file_has("\nbackend shop "));
}

BOOST_AUTO_TEST_CASE(routes_lead_to_a_new_backend_at_once_and_leave_an_old_one_first) {
  if (!usable()) return;
  const http_upstream upstream("shop");
  apply(shop({local_server("s1", upstream.port())}));
  apply_routes({{"", "/shop", "shop"}});
  BOOST_TEST(http_get(port(), "/shop").body == "shop");
  remove("shop");
  BOOST_TEST(http_get(port(), "/shop").status == 503);
  settle();
  BOOST_TEST(!backend_exists("shop"));
  apply(shop({local_server("s1", upstream.port())}));
  BOOST_TEST(http_get(port(), "/shop").body == "shop");
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_new_worker_has_them_from_the_file_or_gets_them_again) {
  if (!usable()) return;
  apply(shop());
  reload_by_hand();  // before the file was saved
  const auto report = reconcile();
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(server("shop", "s1") == ready);
  settle();
  reload_by_hand();
  reconcile();
  BOOST_TEST(server("shop", "s1") == ready);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_ended_before_the_save_costs_a_reload_and_no_more) {
  if (!usable()) return;
  apply(shop());
  restart_gateway();
  apply(whole({change(web_site::web()), change(shop())}));
  settle();
  BOOST_TEST(server("shop", "s1") == ready);
  BOOST_TEST(file_has("\nbackend shop "));
}

BOOST_AUTO_TEST_CASE(one_that_somebody_deletes_by_hand_comes_back) {
  if (!usable()) return;
  apply(shop());
  settle();
  command("unpublish backend shop");
  command("set server shop/s1 state maint");
  command("del server shop/s1");
  BOOST_REQUIRE(command("del backend shop").find("Backend deleted.") != std::string::npos);
  const auto report = reconcile();
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(server("shop", "s1") == ready);
}

BOOST_AUTO_TEST_CASE(one_that_somebody_unpublishes_by_hand_takes_traffic_again) {
  if (!usable()) return;
  apply(shop());
  settle();
  command("unpublish backend shop");
  BOOST_REQUIRE(stat("shop", "BACKEND", "status") == "UP (UNPUB)");
  reconcile();
  BOOST_TEST(stat("shop", "BACKEND", "status") == "UP");
}

BOOST_AUTO_TEST_CASE(a_removal_is_no_cause_for_alarm) {
  if (!usable()) return;
  apply(shop());
  settle();
  std::string said = words(remove("shop"));
  while (backend_exists("shop") && gateway().next_work()) {
    now = std::max(now, *gateway().next_work());
    const auto report = tick();
    BOOST_TEST(report.failed_steps == 0U);
    BOOST_TEST(report.reachable);
    said += words(report);
  }
  said += words(tick_after(read_after));
  BOOST_TEST(!backend_exists("shop"));
  for (const auto* alarm : {"refuses", "away", "not as desired"})
    BOOST_TEST(said.find(alarm) == std::string::npos, said);
  // What came back right after it has just what it needs.
  const auto report = apply(shop());
  BOOST_TEST(!report.reload.has_value(), words(report));
  BOOST_TEST(report.waiting.empty());
}

// Requests that wait in its queue are still served.
BOOST_AUTO_TEST_CASE(servers_of_a_removed_backend_are_not_drained_while_they_serve) {
  if (!usable()) return;
  apply(shop());
  settle();
  remove("shop");
  BOOST_TEST(server("shop", "s1") == ready);
}

BOOST_AUTO_TEST_CASE(an_operators_backend_of_that_name_keeps_its_servers_and_gets_none) {
  gateway_site site;
  write_text(*site.settings.haproxy.base_file,
             read_text(*site.settings.haproxy.base_file) +
                 "backend shop\n    timeout connect 1s\n    timeout server 1s\n"
                 "    server own 127.0.0.1:1\n");
  site.begin({web_site::web()});
  site.apply(shop());
  site.settle();
  site.reconcile();
  site.settle();
  BOOST_TEST(site.server("shop", "own") == "127.0.0.1:1 1 ready");
  BOOST_TEST(site.server("shop", "s1").empty());
}

// It began to load while the file still had the backend.
BOOST_AUTO_TEST_CASE(one_that_a_new_worker_has_from_an_older_file_goes_as_well) {
  if (!usable()) return;
  apply(shop());
  settle();
  const auto before = file();
  remove("shop");
  settle();
  const auto after = file();
  BOOST_REQUIRE(!file_has("\nbackend shop "));
  write_text(settings.haproxy.config_file, before);
  reload_by_hand();
  write_text(settings.haproxy.config_file, after);
  BOOST_REQUIRE(backend_exists("shop"));
  reconcile();
  settle();
  BOOST_TEST(!backend_exists("shop"));
}

BOOST_AUTO_TEST_CASE(one_that_could_not_be_saved_is_saved_later) {
  if (!usable()) return;
  const auto base = read_text(*settings.haproxy.base_file);
  write_text(*settings.haproxy.base_file, base + "no directive\n");
  apply(shop());
  settle();
  BOOST_REQUIRE(!file_has("\nbackend shop "));
  write_text(*settings.haproxy.base_file, base);
  for (int i = 0; i < 20 && gateway().next_work() && !file_has("\nbackend shop "); ++i) {
    now = std::max(now, *gateway().next_work());
    tick();
  }
  BOOST_TEST(file_has("\nbackend shop "));
}

BOOST_AUTO_TEST_CASE(a_name_that_a_frontend_has_is_refused_and_does_not_hold_up_others) {
  if (!usable()) return;
  const auto name = settings.frontends.front().name;
  apply(whole(
      {change(web_site::web()), change(backend_of(name, {local_server("x")})), change(shop())}));
  settle();
  BOOST_TEST(server("shop", "s1") == ready);
  BOOST_TEST(file_has("\nbackend shop "));
  BOOST_TEST(!file_has("\nbackend " + name + " "));
}

BOOST_AUTO_TEST_CASE(a_thousand_backends_come_change_and_go_without_a_reload) {
  if (!usable()) return;
  const http_upstream upstream("web");
  const auto web = backend_of("web", {local_server("s1", upstream.port())});
  const auto kinds = [&](int i, switchyard::model::backend b) {
    using switchyard::model::balance_algorithm;
    b.settings.balance = std::array{balance_algorithm::roundrobin, balance_algorithm::leastconn,
                                    balance_algorithm::random}
                             .at(static_cast<std::size_t>(i % 3));
    return b;
  };
  apply(whole({change(web), change(kinds(1, backend_of("k1", {local_server("s1")}))),
               change(kinds(2, backend_of("k2", {local_server("s1")})))}));
  settle();
  worker = worker_pid();
  const auto all = [&](std::uint16_t weight) {
    std::vector<switchyard::haproxy::backend_change> changes{change(web)};
    for (int i = 0; i < 1000; ++i) {
      auto s = local_server("s1");
      s.weight = weight;
      changes.push_back(change(kinds(i, backend_of("b" + std::to_string(i), {s}))));
    }
    return changes;
  };
  const auto with_weight = [&](unsigned weight) {
    const auto view = switchyard::haproxy::parse_servers_state(command("show servers state"));
    return std::ranges::count_if(view.value(), [&](const auto& b) {
      const auto s = b.second.find("s1");
      return b.first.starts_with("b") && s != b.second.end() && s->second.weight == weight;
    });
  };
  continuous_load load(port(), 1);
  BOOST_TEST(!apply(whole(all(100))).reload.has_value());
  BOOST_TEST(with_weight(100) == 1000);
  settle();
  BOOST_TEST(file_has("\nbackend b999 "));
  apply(whole(all(7)));
  BOOST_TEST(with_weight(7) == 1000);
  apply(whole({change(web)}));
  settle();
  BOOST_TEST(with_weight(7) == 0);
  BOOST_TEST(!backend_exists("b0"));
  BOOST_TEST(!backend_exists("b999"));
  settle();
  BOOST_TEST(!file_has("\nbackend b5"));
  BOOST_TEST(worker_pid() == worker);
  const auto totals = load.stop();
  BOOST_TEST(totals.answered > 0U);
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
}

BOOST_AUTO_TEST_SUITE_END()
