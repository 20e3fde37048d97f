#include <boost/test/unit_test.hpp>

#include "tests/actors/manager_fixture.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

BOOST_FIXTURE_TEST_SUITE(manager_protocol, manager_fixture)

BOOST_AUTO_TEST_CASE(what_waits_for_a_busy_writer_is_the_queues_depth) {
  start({"db"});
  const auto depth_is = [&](int number) {
    return tests::contains(seen_by->figures()->text(),
                           "\nswitchyard_queue_depth " + std::to_string(number) + "\n");
  };
  report("db", report_of({"a"}));
  BOOST_TEST(depth_is(0));  // the writer has it
  report("db", report_of({"b", "c", "d"}, false));
  BOOST_TEST(depth_is(3));
  report("db", report_of({"c", "d", "e"}, false, "10.0.0.2"));
  BOOST_TEST(depth_is(4));  // folded together
  answer();
  BOOST_TEST(depth_is(0));
  BOOST_TEST(record.requests.back()->changes.size() == 4U);
}

BOOST_AUTO_TEST_CASE(a_report_goes_to_the_writer_at_once_and_is_acknowledged_after_the_apply) {
  start({"p"});
  report("p", report_of({"a"}));
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_TEST(acknowledgements() == 0);
  answer();
  BOOST_TEST(acknowledgements() == 1);
}

BOOST_AUTO_TEST_CASE(reports_during_an_apply_fold_into_the_next_one) {
  start({"p"});
  report("p", report_of({"a"}));
  answer();
  record.requests.clear();
  report("p", report_of({"a"}, false, "10.0.0.2"));
  for (int i = 3; i < 10; ++i)
    report("p", report_of({"a", "b"}, false, "10.0.0." + std::to_string(i)));
  BOOST_TEST(record.requests.size() == 1U);
  answer();
  BOOST_REQUIRE_EQUAL(record.requests.size(), 2U);
  BOOST_REQUIRE_EQUAL(record.requests.back()->changes.size(), 2U);
  BOOST_TEST(record.requests.back()->changes.front().value->servers.front().address == "10.0.0.9");
  answer();
  BOOST_TEST(acknowledgements() == 9);
}

BOOST_AUTO_TEST_CASE(a_report_that_changes_nothing_reaches_no_writer) {
  start({"p"});
  report("p", report_of({"a"}));
  answer();
  record.requests.clear();
  acknowledgements();
  report("p", report_of({"a"}));
  BOOST_TEST(record.requests.empty());
  BOOST_TEST(acknowledgements() == 1);
}

BOOST_AUTO_TEST_CASE(nothing_may_be_removed_before_every_provider_has_reported) {
  start({"p", "q"});
  report("p", report_of({"a"}));
  BOOST_TEST(!record.requests.back()->complete);
  answer();
  report("q", report_of({"b"}));
  BOOST_TEST(record.requests.back()->complete);
  BOOST_TEST(record.requests.back()->full);
  BOOST_TEST(record.requests.back()->changes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(one_that_starts_anew_goes_on_with_the_revision_of_the_one_before) {
  start({"p"});
  report("p", report_of({"a"}));
  answer();
  report("p", report_of({"a", "b"}));
  answer();
  const auto before = status()->revision;
  BOOST_TEST(before == 2U);
  self->send_exit(manager, caf::exit_reason::kill);
  run();
  start({"p"});
  BOOST_TEST(status()->revision == before);
  report("p", report_of({"a", "b"}));
  BOOST_TEST(record.requests.back()->revision == before + 1);
}

BOOST_AUTO_TEST_CASE(a_report_of_an_older_epoch_is_answered_and_dropped) {
  start({"p"});
  report("p", report_of({"a"}), 5);
  answer();
  record.requests.clear();
  acknowledgements();
  report("p", report_of({"b"}), 4);
  BOOST_TEST(record.requests.empty());
  BOOST_TEST(acknowledgements() == 1);
}

BOOST_AUTO_TEST_CASE(what_a_provider_that_left_still_reports_is_answered_and_dropped) {
  start({"p", "q"});
  const auto figures_name_p = [&] {
    return tests::contains(seen_by->figures()->text(), "provider=\"p\"");
  };
  report("p", report_of({"a"}), 3);
  answer();
  BOOST_TEST(figures_name_p());
  self->send(manager, configure_atom::value, settings_with({"q"}));
  run();
  while (!record.owed.empty()) answer();
  acknowledgements();
  auto bad = std::make_shared<model::report>(*report_of({"a"}));
  bad->refused.push_back({"/backends/1", "no name"});
  const auto events_before = seen_by->events()->after(0, 100).events.size();
  report("p", bad, 3);
  BOOST_TEST(acknowledgements() == 1);
  BOOST_TEST(!figures_name_p());
  BOOST_TEST(seen_by->events()->after(0, 100).events.size() == events_before);
  // Back under the same name, it is another one.
  self->send(manager, configure_atom::value, settings_with({"p", "q"}));
  run();
  while (!record.owed.empty()) answer();
  report("p", bad, 3);
  BOOST_TEST(status()->backends == 0U);
  report("p", report_of({"a"}), 4);
  BOOST_TEST(status()->backends == 1U);
}

BOOST_AUTO_TEST_CASE(a_new_writer_gets_everything_and_the_lost_apply_is_acknowledged_after_it) {
  start({"p"});
  report("p", report_of({"a", "b"}));
  answer();
  acknowledgements();
  report("p", report_of({"c"}, false));
  record.owed.clear();
  self->send_exit(writer, caf::exit_reason::kill);
  run();
  BOOST_TEST(acknowledgements() == 0);
  record.requests.clear();
  writer = system.spawn(controlled_writer, &record);
  self->send(manager, use_atom::value, writer);
  run();
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_TEST(record.requests.back()->full);
  BOOST_TEST(record.requests.back()->changes.size() == 3U);
  answer();
  BOOST_TEST(acknowledgements() == 1);
}

BOOST_AUTO_TEST_CASE(a_reconcile_waits_for_the_apply_in_flight) {
  start({"p"});
  report("p", report_of({"a"}));
  self->send(manager, reconcile_atom::value);
  self->send(manager, reconcile_atom::value);
  run();
  BOOST_TEST(record.reconciles == 0);
  answer();
  BOOST_TEST(record.reconciles == 1);
  answer();
  BOOST_TEST(record.reconciles == 1);
}

BOOST_AUTO_TEST_CASE(a_reconcile_goes_before_changes_that_came_meanwhile) {
  start({"p", "q"});
  report("p", report_of({"a"}));
  report("q", report_of({"b"}));
  self->send(manager, reconcile_atom::value);
  run();
  const auto before = record.requests.size();
  answer();
  BOOST_TEST(record.reconciles == 1);
  BOOST_TEST(record.requests.size() == before);
  answer();
  BOOST_TEST(record.requests.size() == before + 1);
}

BOOST_AUTO_TEST_CASE(a_provider_that_leaves_the_settings_takes_its_backends_along) {
  start({"p", "q"});
  report("p", report_of({"a"}));
  answer();
  report("q", report_of({"b"}));
  answer();
  record.requests.clear();
  self->send(manager, configure_atom::value, settings_with({"q"}));
  run();
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_REQUIRE_EQUAL(record.requests.back()->changes.size(), 1U);
  BOOST_TEST(record.requests.back()->changes.front().name == "a");
  BOOST_TEST((record.requests.back()->changes.front().value == nullptr));
}

BOOST_AUTO_TEST_CASE(the_status_tells_what_is_missing_and_what_was_done) {
  start({"p", "q"});
  report("p", report_of({"a"}));
  haproxy::apply_report done;
  done.reload = haproxy::reload_result{};
  answer(done);
  self->send(manager, health_atom::value, std::string("q"),
             std::make_shared<const model::provider_health>(
                 model::provider_health{model::provider_health::level::degraded, "no such host"}));
  run();
  const auto s = status();
  BOOST_TEST(s->backends == 1U);
  BOOST_TEST(s->reloads == 1U);
  BOOST_TEST(!s->providers.at(1).reported);
  BOOST_TEST(s->providers.at(1).reason == "no such host");
}

BOOST_AUTO_TEST_CASE(a_collision_is_told_of_on_both_providers) {
  start({"p", "q", "r"});
  report("p", report_of({"a"}));
  report("q", report_of({"a"}));
  report("r", report_of({"b"}));
  const auto s = status();
  BOOST_TEST(s->collision_count == 1U);
  BOOST_TEST(s->providers.at(0).collisions == 1U);
  BOOST_TEST(s->providers.at(1).collisions == 1U);
  BOOST_TEST(s->providers.at(2).collisions == 0U);
  BOOST_TEST(api::degraded(*s).size() >= 2U);
}

BOOST_AUTO_TEST_CASE(a_merged_backend_is_shown_with_its_versions_and_is_united_at_sighup) {
  start({"p", "q"});
  report("p", report_of({"a"}));
  auto other = std::make_shared<model::report>(*report_of({"a"}));
  auto b = std::make_shared<model::backend>(*other->backends["a"].value);
  b->servers.front().name = "t";
  other->backends["a"].value = b;
  report("q", other);
  const auto find_a = [&] { return ask<desired_ptr>(find_atom::value, std::string("a")); };
  BOOST_TEST(find_a()->versions.size() == 1U);
  BOOST_TEST(find_a()->collisions.size() == 1U);
  auto settings = std::make_shared<switchyard::config::settings>(*settings_with({"p", "q"}));
  settings->merge = {"a"};
  self->send(manager, configure_atom::value, settings_ptr(settings));
  run();
  const auto united = find_a();
  BOOST_REQUIRE_EQUAL(united->versions.size(), 2U);
  BOOST_TEST(united->versions.at(1).provider == "q");
  BOOST_TEST(united->value->servers.size() == 2U);
  BOOST_TEST(united->collisions.empty());
}

BOOST_AUTO_TEST_CASE(routes_are_put_together_once_until_some_change) {
  start({"p", "q"});
  const auto routes = [&] { return ask<routes_ptr>(routes_atom::value, std::string("q")); };
  const auto give = [&](const std::string& provider, std::vector<model::route> list) {
    auto r = std::make_shared<model::report>();
    r->full = true;
    r->routes = std::move(list);
    report(provider, r);
  };
  give("p", {{"h", "/", "a"}, {"i", "/", "a"}});
  give("q", {});
  const auto first = routes();
  give("q", {});
  BOOST_TEST(routes() == first);
  // Another one's comes first: what is served stays, and q's list is another all the same.
  give("q", {{"h", "/", "a"}});
  const auto second = routes();
  BOOST_TEST(second->version != first->version);
  BOOST_TEST((*second->all == *first->all));
  give("p", {{"i", "/", "a"}});
  BOOST_TEST(routes()->all->at(0).owner == "q");
  BOOST_TEST(routes()->version == second->version);
  BOOST_TEST(ask<routes_ptr>(routes_atom::value, std::string())->version == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
