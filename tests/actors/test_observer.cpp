#include "actors/observer.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using tests::contains;

struct observed {
  observer_ptr seen_by = make_silent_observer();
  model::desired_state desired{{"db"}};

  observed() {
    config::settings settings;
    settings.providers.push_back({"db", config::file_settings{}});
    seen_by->configured(settings);
  }
  bool shows(const std::string& line) const {
    return contains(seen_by->figures()->text(), "\n" + line + "\n");
  }
  std::vector<api::event_ptr> events() const { return seen_by->events()->after(0, 100).events; }
};

haproxy::apply_report one_server() {
  haproxy::apply_report report;
  report.revision = 7;
  report.took = microseconds(300);
  report.steps = 1;
  report.commands["add server"] = {1, 2, 3};
  report.notices.push_back(
      {haproxy::severity::info, "shop/s1 added", {haproxy::matter::server, "shop", "s1"}});
  return report;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(the_observer, observed)

BOOST_AUTO_TEST_CASE(makes_event_and_figures_of_one_pass) {
  seen_by->passed(pass_kind::changes, one_server(), {{"shop", {"db", microseconds(800)}}}, desired);
  BOOST_REQUIRE(events().size() == 1U);
  const auto& e = *events().front();
  BOOST_TEST(e.kind == "server");
  BOOST_TEST(e.level == "info");
  BOOST_TEST(e.revision == 7U);
  BOOST_TEST(e.provider == "db");
  BOOST_TEST(e.backend == "shop");
  BOOST_TEST(e.server == "s1");
  BOOST_TEST(e.text == "shop/s1 added");
  BOOST_TEST((e.took == microseconds(300)));
  BOOST_TEST((e.propagation == microseconds(800)));
  const std::string command = "switchyard_runtime_commands_total{command=\"add server\",result=";
  for (const auto* line : {"\"done\"} 1", "\"refused\"} 2", "\"lost\"} 3"})
    BOOST_TEST(shows(command + line), line);
  BOOST_TEST(shows("switchyard_propagation_seconds_count{provider=\"db\"} 1"));
  BOOST_TEST(shows("switchyard_apply_seconds_count{pass=\"apply\"} 1"));
  BOOST_TEST(shows("switchyard_applied_revision 7"));
}

BOOST_AUTO_TEST_CASE(counts_a_reload_once_for_each_of_its_causes) {
  haproxy::apply_report report;
  report.reload = haproxy::reload_result{1, 2, milliseconds(80)};
  report.reload_took = milliseconds(80);
  report.reload_reasons = {{haproxy::reload_cause::new_backend, "a"},
                           {haproxy::reload_cause::new_backend, "b"}};
  seen_by->passed(pass_kind::later, report, {}, desired);
  BOOST_TEST(shows("switchyard_reloads_total{result=\"ok\"} 1"));
  BOOST_TEST(shows("switchyard_reload_reasons_total{reason=\"new backend\",result=\"ok\"} 1"));
  report.reload.reset();
  report.reload_error = "HAProxy refuses it";
  seen_by->passed(pass_kind::later, report, {}, desired);
  BOOST_TEST(shows("switchyard_reloads_total{result=\"failed\"} 1"));
  BOOST_TEST(shows("switchyard_reload_reasons_total{reason=\"new backend\",result=\"failed\"} 1"));
}

BOOST_AUTO_TEST_CASE(counts_repairs_and_what_waits) {
  haproxy::apply_report report;
  report.reachable = false;
  report.repairs["set server weight"] = 4;
  report.waiting = {{haproxy::reload_cause::changed_head, ""}};
  seen_by->passed(pass_kind::reconcile, report, {}, desired);
  BOOST_TEST(shows("switchyard_drift_repairs_total{command=\"set server weight\"} 4"));
  BOOST_TEST(shows("switchyard_reload_pending_reasons 1"));
  BOOST_TEST(shows("switchyard_writer_connected 0"));
}

BOOST_AUTO_TEST_CASE(names_the_owner_of_a_backend_that_was_repaired) {
  auto b = std::make_shared<model::backend>();
  b->name = "shop";
  model::report report;
  report.full = true;
  report.backends["shop"].value = b;
  desired.fold("db", report);
  seen_by->passed(pass_kind::reconcile, one_server(), {}, desired);
  BOOST_REQUIRE(events().size() == 1U);
  BOOST_TEST(events().front()->provider == "db");
  BOOST_TEST(!events().front()->propagation.has_value());
}

BOOST_AUTO_TEST_CASE(one_line_for_many_changes_tells_what_they_have_in_common) {
  haproxy::apply_report report;
  report.notices.push_back(
      {haproxy::severity::info, "300 runtime commands carried out", {haproxy::matter::server}});
  report.notices.push_back({haproxy::severity::info, "HAProxy answers again"});
  attributions whose{{"a", {"db", microseconds(800)}}, {"b", {"db", microseconds(900)}}};
  seen_by->passed(pass_kind::changes, report, whose, desired);
  BOOST_REQUIRE(events().size() == 2U);
  BOOST_TEST(events()[0]->provider == "db");
  BOOST_TEST((events()[0]->propagation == microseconds(900)));
  BOOST_TEST(events()[1]->provider == "");
  BOOST_TEST(!events()[1]->propagation.has_value());
  whose["c"] = {"files", std::nullopt};
  seen_by->passed(pass_kind::changes, report, whose, desired);
  BOOST_TEST(events()[2]->provider == "");
  BOOST_TEST(!events()[2]->propagation.has_value());
}

BOOST_AUTO_TEST_CASE(tells_how_providers_fare) {
  using level = model::provider_health::level;
  BOOST_TEST(shows("switchyard_provider_up{provider=\"db\"} 0"));
  seen_by->fares("db", {level::connecting, ""}, {level::live, ""});
  BOOST_TEST(shows("switchyard_provider_up{provider=\"db\"} 1"));
  seen_by->fares("db", {level::live, ""},
                 {level::degraded, "postgres://app:s3cret@h does not answer"});
  BOOST_TEST(shows("switchyard_provider_up{provider=\"db\"} 0"));
  BOOST_REQUIRE(events().size() == 2U);
  const auto& e = *events().back();
  BOOST_TEST(e.kind == "provider");
  BOOST_TEST(e.provider == "db");
  BOOST_TEST(e.level == "warning");
  BOOST_TEST(e.text ==
             "db: postgres://app:***@h does not answer; what it had last stays in service");
  seen_by->fares("db", {level::degraded, "one"}, {level::degraded, "another"});
  BOOST_TEST(events().back()->text == "db: another", "it is told once that it stays");
}

BOOST_AUTO_TEST_CASE(counts_refused_objects_and_tells_those_that_are_news) {
  model::report report;
  report.full = true;
  seen_by->reported("db", report, {{"refused servers(a, b): no port"}, {"servers(a, c) is well"}},
                    3);
  BOOST_TEST(shows("switchyard_refused_objects{provider=\"db\"} 3"));
  BOOST_TEST(contains(seen_by->figures()->text(), "switchyard_provider_last_snapshot_age_seconds"));
  BOOST_REQUIRE(events().size() == 2U);
  BOOST_TEST(events().front()->kind == "refused");
  BOOST_TEST(events().front()->level == "warning");
  BOOST_TEST(events().back()->kind == "refused");
  BOOST_TEST(events().back()->level == "info");
}

BOOST_AUTO_TEST_CASE(forgets_providers_that_left_the_settings) {
  seen_by->configured({});
  seen_by->read_whole("db");
  seen_by->holds_back("db", 1);
  seen_by->counts("db", 7);
  model::report late;
  late.full = true;
  seen_by->reported("db", late, {}, 3);
  seen_by->fares("db", {}, {model::provider_health::level::live, ""});
  seen_by->passed(pass_kind::changes, one_server(), {{"shop", {"db", microseconds(800)}}}, desired);
  BOOST_TEST(!contains(seen_by->figures()->text(), "provider=\"db\""));
}

BOOST_AUTO_TEST_CASE(counts_parts_that_fail) {
  seen_by->failed("writer", "why", milliseconds(100));
  BOOST_TEST(shows("switchyard_actor_restarts_total{actor=\"writer\"} 1"));
  BOOST_REQUIRE(events().size() == 1U);
  BOOST_TEST(events().front()->text == "writer ended (why); it starts again in 100 ms");
}

BOOST_AUTO_TEST_CASE(keeps_what_is_for_developers_out_of_the_events) {
  seen_by->say(spdlog::level::debug, "server", "detail");
  BOOST_TEST(events().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
