// Rare orders of events that once went wrong: files ahead of what HAProxy runs, drift that lasts,
// values that cannot be written.

#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <thread>

#include "haproxy/pidfd.hpp"
#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using std::chrono::seconds;
namespace model = switchyard::model;

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_mended)

// The manager sends the very same values again when the last provider has reported.
BOOST_FIXTURE_TEST_CASE(the_rest_goes_as_well_from_a_backend_that_has_not_changed_since,
                        second_run) {
  const auto old = change(backend_of("old", {local_server("o1")}));
  const auto web = change(backend_of("web", {local_server("s1")}));
  apply(part({old, web}));
  settle();
  BOOST_REQUIRE(server("web", "s2") == ready);
  BOOST_REQUIRE(line_in_file("s2"));
  apply(whole({old, web}));
  settle();
  BOOST_TEST(server("web", "s2").empty());
  BOOST_TEST(!line_in_file("s2"));
  BOOST_TEST(worker_pid() == worker);
}

// Reconciles take it out of the running HAProxy, and every reload brings it back for a moment.
BOOST_FIXTURE_TEST_CASE(the_rest_leaves_the_file_with_the_reconciles_at_least, second_run) {
  const auto old = change(backend_of("old", {local_server("o1")}));
  const auto web = change(backend_of("web", {local_server("s1")}));
  apply(part({old, web}));
  settle();
  apply(whole({old, web}));
  for (int i = 0; i < 3; ++i) {
    reconcile();
    settle();
  }
  BOOST_TEST(server("web", "s2").empty());
  BOOST_TEST(!line_in_file("s2"));
  reload_by_hand();
  BOOST_TEST(server("web", "s2").empty());
}

// The apply writes the file, so the reconcile that starts HAProxy finds nothing left to commit.
BOOST_FIXTURE_TEST_CASE(a_file_that_an_apply_wrote_meanwhile_is_taken_back_as_well, managed_site) {
  kill_haproxy();
  taken.reset();
  gateway().configure(more, now);
  BOOST_TEST(!apply(web_site::web({local_server("s3")})).reachable);
  BOOST_REQUIRE(file_has("frontend second"));
  taken =
      std::make_unique<http_upstream>("somebody else", more.frontends.back().binds.front().port);
  auto report = reconcile();
  if (!report.reachable) report = reconcile();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(!file_has("frontend second"));
  BOOST_TEST(server("web", "s1") == ready);
  BOOST_TEST(server("web", "s3") == ready);
}

BOOST_FIXTURE_TEST_CASE(it_is_told_again_when_it_was_away_in_between, stubborn_site) {
  make_stubborn();
  BOOST_REQUIRE(told(reconcile(), drift) == 1U);
  mend();
  reconcile();
  BOOST_REQUIRE(server("web", "s2") == ready);
  make_stubborn();
  const auto report = reconcile();
  BOOST_TEST(told(report, drift) == 1U, words(report));
}

// The file takes the change after the worker was replaced and before the gateway notices.
BOOST_FIXTURE_TEST_CASE(a_maxconn_saved_after_a_reload_by_hand_reaches_the_new_worker, web_site) {
  apply(backend_of("web", {limited("s1", 7), local_server("s2")}));
  tick_after(read_after);
  reload_by_hand();
  BOOST_REQUIRE(stat("web", "s1", "slim") != "7");
  tick_after(saved_after);
  BOOST_REQUIRE(file_has("maxconn 7"));
  for (int i = 0; i < 3; ++i) reconcile();
  BOOST_TEST(stat("web", "s1", "slim") == "7");
}

BOOST_FIXTURE_TEST_CASE(a_backup_saved_after_a_reload_by_hand_reaches_the_new_worker, web_site) {
  apply(backend_of("web", {local_server("s1")}));
  tick_after(read_after);
  BOOST_REQUIRE(server("web", "s2").empty());
  apply(backend_of("web", {local_server("s1"), backup("s2")}));
  tick_after(read_after);
  BOOST_REQUIRE(stat("web", "s2", "bck") == "1");
  reload_by_hand();  // the file has s2 as it was
  BOOST_REQUIRE(stat("web", "s2", "bck") == "0");
  tick_after(saved_after);
  BOOST_REQUIRE(file_has("backup"));
  for (int i = 0; i < 3; ++i) reconcile();
  BOOST_TEST(stat("web", "s2", "bck") == "1");
}

// switchyard restarts between a commit while HAProxy was out of reach and the contact after it.
BOOST_FIXTURE_TEST_CASE(a_restarted_gateway_is_not_deceived_by_a_file_ahead_of_the_worker,
                        web_site) {
  const auto wanted = backend_of("web", {limited("s1", 7), backup("s2")});
  hide_sockets();
  reconcile();
  apply(wanted);
  BOOST_REQUIRE(file_has("backup"));
  show_sockets();
  restart_gateway();
  apply(wanted);
  for (int i = 0; i < 3; ++i) reconcile();
  BOOST_TEST(stat("web", "s1", "slim") == "7");
  BOOST_TEST(stat("web", "s2", "bck") == "1");
}

BOOST_FIXTURE_TEST_CASE(drift_of_two_steps_is_told_once, stubborn_site) {
  auto b = web_site::web();
  b.settings.check.type = model::check_type::tcp;
  apply(b);
  command("set server web/s2 state maint");
  command("del server web/s2");
  command("add server web/s2 127.0.0.1:1 weight 100 track own/lead");
  make_stubborn();
  BOOST_TEST(told(reconcile(), drift) == 1U);
  for (int i = 0; i < 3; ++i) {
    const auto report = reconcile();
    BOOST_TEST(told(report, drift) == 0U, words(report));
    BOOST_TEST(told(report, "HAProxy refuses") == 0U, words(report));
  }
}

// HAProxy takes no second proxy of the name of the operator's.
BOOST_AUTO_TEST_CASE(what_is_left_without_a_refused_backend_is_saved_and_not_reloaded) {
  gateway_site site;
  write_text(*site.settings.haproxy.base_file,
             read_text(*site.settings.haproxy.base_file) +
                 "backend clash\n    timeout connect 1s\n    timeout server 1s\n");
  site.begin({web_site::web()});
  const auto worker = site.worker_pid();
  auto report =
      site.apply(part({change(web_site::web({local_server("s3")})),
                       change(of_its_own_kind(backend_of("clash", {local_server("c1")})))}));
  if (told(report, "backend clash is left as it was") == 0) report = site.tick_after(seconds(5));
  BOOST_TEST(told(report, "backend clash is left as it was") == 1U, words(report));
  site.settle();
  BOOST_TEST(site.worker_pid() == worker);
  BOOST_TEST(site.file_has("    server s3 "));
  BOOST_TEST(site.reconcile().waiting.empty());
}

BOOST_FIXTURE_TEST_CASE(a_server_that_cannot_be_written_causes_no_reload_for_ever, web_site) {
  auto bad = local_server("x1");
  bad.address = "no-ip";
  std::size_t reloads = 0;
  if (apply(backend_of("other", {bad})).reload) ++reloads;
  for (int i = 0; i < 20 && gateway().next_work(); ++i) {
    now = std::max(now, *gateway().next_work());
    if (tick().reload) ++reloads;
  }
  BOOST_TEST(reloads <= 1U);
}

// Attached: the file takes a new bind while the runtime socket is out of reach for a moment.
BOOST_FIXTURE_TEST_CASE(a_bind_that_is_taken_leaves_no_file_that_haproxy_does_not_start_with,
                        web_site) {
  const http_upstream taken("somebody else");
  const auto worker = worker_pid();
  hide_sockets();
  reconcile();
  gateway().configure(with_second_frontend(settings, taken.port()), now);
  apply(web({local_server("s3")}));
  show_sockets();
  for (int i = 0; i < 3; ++i) {
    const auto report = reconcile();
    BOOST_TEST_MESSAGE(words(report));
    now = std::max(now, gateway().next_work().value_or(now));
  }
  BOOST_TEST(worker_pid() == worker);
  BOOST_TEST(!file_has("frontend second"));
}

// What a failed deletion leaves in maintenance, and is then wanted in drain.
BOOST_FIXTURE_TEST_CASE(one_wanted_in_drain_again_is_not_left_in_maintenance, gateway_site) {
  auto upstream = std::make_unique<http_upstream>("s2");
  upstream->set_delay(std::chrono::minutes(1));
  begin({backend_of("web", {local_server("s2", upstream->port())})});
  std::jthread client([&] { http_get(port(), "/", "test", std::chrono::seconds(30)); });
  BOOST_REQUIRE(eventually([&] { return upstream->requests() == 1; }));
  apply(backend_of("web", {local_server("s1")}));
  tick_after(milliseconds(25));
  tick_after(settings.drain_timeout);
  const auto at = "127.0.0.1:" + std::to_string(upstream->port()) + " 100 ";
  BOOST_REQUIRE(server("web", "s2") == at + "maint");
  auto s2 = local_server("s2", upstream->port());
  s2.state = model::server_state::drain;
  apply(backend_of("web", {local_server("s1"), s2}));
  tick_after(milliseconds(25));
  BOOST_TEST(server("web", "s2") == at + "drain");
  upstream.reset();
}

BOOST_FIXTURE_TEST_CASE(a_file_that_cannot_be_read_is_not_taken_for_somebody_elses, gateway_site) {
  std::filesystem::create_directory(settings.haproxy.config_file);
  switchyard::haproxy::apply_report report;
  const auto started = gateway().start(now, report);
  BOOST_REQUIRE(!started);
  BOOST_TEST((started.error().kind == switchyard::base::errc::io));
  BOOST_TEST(!contains(started.error().message, "base_file"), started.error().message);
  std::filesystem::remove(settings.haproxy.config_file);
}

// The file was written, and switchyard ended before the reload.
BOOST_FIXTURE_TEST_CASE(a_restarted_gateway_reloads_a_file_that_haproxy_has_not_loaded, web_site) {
  const auto next = backend_of("next", {local_server("n1")});
  hide_sockets();
  reconcile();
  apply(next);
  BOOST_REQUIRE(file_has("backend next"));
  show_sockets();
  restart_gateway();
  apply(whole({change(web_site::web()), change(next)}));
  now += std::chrono::seconds(2);
  const auto report = reconcile();
  BOOST_TEST(backend_exists("next"), words(report));
}

BOOST_AUTO_TEST_SUITE_END()
