#include <boost/test/unit_test.hpp>

#include "haproxy/planner.hpp"
#include "tests/haproxy/plans.hpp"

namespace switchyard::haproxy::plans {

namespace {

using model::server_state;

plan plan_for(const std::vector<model::server>& wanted, const std::vector<model::server>& has) {
  const auto actual = running(has);
  return plan_backend(backend(wanted), &actual, settings, options);
}

void expect(const plan& p, const texts& wanted) {
  const auto got = lines(p.steps);
  BOOST_TEST(got == wanted, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(planner)

BOOST_AUTO_TEST_CASE(nothing_is_planned_when_nothing_differs) {
  BOOST_TEST(plan_for({server("a"), server("c")}, {server("a"), server("c")}).empty());
}

BOOST_AUTO_TEST_CASE(a_new_server_is_added_checked_and_enabled_without_a_reload) {
  const auto p = plan_for({server("a"), server("c")}, {server("a")});
  expect(p, {"add server b/c 10.0.0.1:80 weight 100 " + options, "enable health b/c",
             "enable server b/c"});
  BOOST_TEST(p.reload.empty());
}

BOOST_AUTO_TEST_CASE(a_new_server_in_drain_never_becomes_ready) {
  auto s = server("a");
  s.state = server_state::drain;
  expect(plan_for({s}, {}), {"add server b/a 10.0.0.1:80 weight 100 " + options,
                             "enable health b/a", "set server b/a state drain"});
}

BOOST_AUTO_TEST_CASE(a_new_server_that_arrives_by_a_move_is_at_its_place_before_anything_else) {
  const auto planned = [](const model::server& s) {
    const auto actual = running({});
    return plan_backend(backend({s}), &actual, settings, options, std::nullopt, arrival::by_a_move);
  };
  expect(planned(server("a")),
         {"add server b/a 10.0.0.1:1 weight 100 " + options, "set server b/a addr 10.0.0.1 port 80",
          "enable health b/a", "enable server b/a"});
  expect(planned(server("a", 1)),
         {"add server b/a 10.0.0.1:2 weight 100 " + options, "set server b/a addr 10.0.0.1 port 1",
          "enable health b/a", "enable server b/a"});
  auto actual = running({});
  for (const auto& s : planned(server("a")).steps) note_done(actual, s);
  BOOST_TEST(plan_backend(backend({server("a")}), &actual, settings, options).empty());
}

BOOST_AUTO_TEST_CASE(a_new_server_in_maintenance_stays_as_it_was_added) {
  auto s = server("a");
  s.state = server_state::maint;
  expect(plan_for({s}, {}),
         {"add server b/a 10.0.0.1:80 weight 100 " + options, "enable health b/a"});
}

BOOST_AUTO_TEST_CASE(a_backend_without_checks_switches_none_on) {
  auto b = backend({server("a")});
  b.settings.check.type = model::check_type::none;
  const auto actual = running({});
  expect(plan_backend(b, &actual, settings, ""),
         {"add server b/a 10.0.0.1:80 weight 100", "enable server b/a"});
}

BOOST_AUTO_TEST_CASE(address_weight_and_maxconn_change_in_place) {
  auto s = server("a", 81);
  s.weight = 7;
  s.maxconn = 30;
  const auto p = plan_for({s}, {server("a")});
  expect(p, {"set server b/a addr 10.0.0.1 port 81", "set server b/a weight 7",
             "set maxconn server b/a 30"});
  BOOST_TEST(p.reload.empty());
}

BOOST_AUTO_TEST_CASE(a_server_that_leaves_the_rotation_does_so_first) {
  auto s = server("a", 81);
  s.state = server_state::maint;
  expect(plan_for({s}, {server("a")}),
         {"set server b/a state maint", "set server b/a addr 10.0.0.1 port 81"});
}

BOOST_AUTO_TEST_CASE(a_server_that_comes_back_does_so_last) {
  auto was = server("a");
  was.state = server_state::drain;
  expect(plan_for({server("a", 81)}, {was}),
         {"set server b/a addr 10.0.0.1 port 81", "set server b/a state ready"});
}

BOOST_AUTO_TEST_CASE(servers_that_nobody_wants_leave) {
  const auto p = plan_for({server("b")}, {server("a"), server("b"), server("c")});
  const texts wanted{"a", "c"};
  BOOST_TEST(p.leaving == wanted, boost::test_tools::per_element());
  BOOST_TEST(p.steps.empty());
}

BOOST_AUTO_TEST_CASE(a_new_backend_takes_a_reload_and_nothing_else) {
  const auto p = plan_backend(backend({server("a")}), nullptr, settings, options);
  BOOST_TEST(p.steps.empty());
  BOOST_REQUIRE_EQUAL(p.reload.size(), 1U);
  BOOST_TEST((p.reload[0] == reload_reason{reload_cause::new_backend, "b"}));
}

BOOST_AUTO_TEST_CASE(changed_settings_reload_while_present_servers_change_at_once) {
  const auto actual = running({server("a")});
  auto moved = server("a", 81);
  const auto p = plan_backend(backend({moved, server("c")}), &actual, "other", options);
  expect(p, {"set server b/a addr 10.0.0.1 port 81"});
  BOOST_REQUIRE_EQUAL(p.reload.size(), 1U);
  BOOST_TEST(causes(p) == texts{"changed settings b"});
}

BOOST_AUTO_TEST_CASE(none_leaves_before_those_that_wait_for_a_reload_can_take_over) {
  const auto before = running({server("s1"), server("s2")});
  const auto swapped = plan_backend(backend({server("s3"), server("s4")}), &before, "others\n",
                                    options, std::nullopt, arrival::in_place);
  BOOST_TEST((swapped.steps.empty() && swapped.leaving.empty()));
  BOOST_TEST(causes(swapped) == texts{"changed settings b"});
  // Nobody waits: who is not desired leaves at once.
  const auto fewer = plan_backend(backend({server("s1")}), &before, "others\n", options,
                                  std::nullopt, arrival::in_place);
  BOOST_TEST(fewer.leaving == texts{"s2"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_last_one_rests_no_sooner_than_others_can_take_over) {
  const auto before = running({server("s1"), server("s2")});
  auto resting = server("s1");
  resting.state = server_state::maint;
  auto other = server("s2");
  other.state = server_state::drain;
  const auto both = plan_backend(backend({resting, other, server("s3")}), &before, "others\n",
                                 options, std::nullopt, arrival::in_place);
  BOOST_TEST(both.steps.empty());
  const auto one = plan_backend(backend({resting, server("s2"), server("s3")}), &before, "others\n",
                                options, std::nullopt, arrival::in_place);
  BOOST_TEST(lines(one.steps) == texts{"set server b/s1 state maint"},
             boost::test_tools::per_element());
  // With its settings as they are, the new one is there first.
  const auto at_once = plan_backend(backend({resting, other, server("s3")}), &before, settings,
                                    options, std::nullopt, arrival::in_place);
  const auto order = lines(at_once.steps);
  BOOST_REQUIRE(order.size() == 5U);
  BOOST_TEST(order.front().starts_with("add server b/s3 "));
  BOOST_TEST(order.at(3) == "set server b/s1 state maint");
  BOOST_TEST(order.at(4) == "set server b/s2 state drain");
}

BOOST_AUTO_TEST_CASE(servers_follow_while_a_reload_is_not_to_be_had) {
  const auto before = running({server("s1")});
  const auto swapped = plan_backend(backend({server("s2")}), &before, "others\n", "ssl",
                                    std::nullopt, arrival::in_place, options);
  BOOST_TEST(lines(swapped.steps) == (texts{"add server b/s2 10.0.0.1:80 weight 100 " + options,
                                            "enable health b/s2", "enable server b/s2"}),
             boost::test_tools::per_element());
  BOOST_TEST(swapped.leaving == texts{"s1"}, boost::test_tools::per_element());
  BOOST_TEST(causes(swapped) == texts{"changed settings b"});
}

BOOST_AUTO_TEST_CASE(a_weight_of_nothing_leaves_the_rotation_last) {
  auto blue = server("blue");
  auto green = server("green");
  green.weight = 0;
  const auto before = running({blue, green});
  std::swap(blue.weight, green.weight);
  BOOST_TEST(lines(plan_backend(backend({blue, green}), &before, settings, options).steps) ==
                 (texts{"set server b/green weight 100", "set server b/blue weight 0"}),
             boost::test_tools::per_element());
  // Nor is one without weight somebody who could take over.
  auto resting = server("a");
  auto idle = server("b");
  idle.weight = 0;
  const auto alone = running({resting, idle});
  resting.state = server_state::maint;
  BOOST_TEST(plan_backend(backend({resting, idle, server("new")}), &alone, "others\n", options)
                 .steps.empty());
  resting.state = server_state::ready;
  resting.weight = 0;
  BOOST_TEST(plan_backend(backend({resting, idle, server("new")}), &alone, "others\n", options)
                 .steps.empty());
}

BOOST_AUTO_TEST_CASE(a_server_that_becomes_a_backup_takes_a_reload) {
  auto s = server("a");
  s.backup = true;
  const auto p = plan_for({s}, {server("a")});
  BOOST_TEST(p.steps.empty());
  BOOST_REQUIRE_EQUAL(p.reload.size(), 1U);
  BOOST_TEST((p.reload[0] == reload_reason{reload_cause::changed_server_options, "b/a", "backup"}));
}

BOOST_AUTO_TEST_CASE(a_server_is_replaced_in_one_go_and_ends_in_its_state) {
  const auto replaced = [](const model::server& s) {
    plan p;
    p.steps = plan_replacement(backend({s}), s, options);
    return p;
  };
  auto s = server("a");
  s.backup = true;
  const texts renewed{"set server b/a state maint", "del server b/a",
                      "add server b/a 10.0.0.1:80 weight 100 backup " + options,
                      "enable health b/a"};
  auto ready = renewed;
  ready.emplace_back("enable server b/a");
  expect(replaced(s), ready);
  s.state = server_state::maint;
  expect(replaced(s), renewed);
  auto actual = running({server("a")});
  for (const auto& done : replaced(s).steps) note_done(actual, done);
  BOOST_TEST(plan_backend(backend({s}), &actual, settings, options).empty());
  plan moved;
  moved.steps = plan_replacement(backend({s}), s, options, arrival::by_a_move);
  expect(moved, {"set server b/a state maint", "del server b/a",
                 "add server b/a 10.0.0.1:1 weight 100 backup " + options,
                 "set server b/a addr 10.0.0.1 port 80", "enable health b/a"});
  s.address = "10.0.0.1;";
  expect(replaced(s), {});
}

BOOST_AUTO_TEST_CASE(what_is_unknown_of_a_server_counts_as_different) {
  auto actual = running({server("a")});
  actual.servers["a"].maxconn.reset();
  expect(plan_backend(backend({server("a")}), &actual, settings, options),
         {"set maxconn server b/a 10000000"});
  actual = running({server("a")});
  actual.servers["a"].backup.reset();
  BOOST_TEST(plan_backend(backend({server("a")}), &actual, settings, options).reload.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_encoded_costs_only_its_own_server) {
  auto evil = server("a");
  evil.address = "10.0.0.1;shutdown";
  const auto p = plan_for({evil, server("c")}, {});
  BOOST_REQUIRE_EQUAL(p.refused.size(), 1U);
  expect(p, {"add server b/c 10.0.0.1:80 weight 100 " + options, "enable health b/c",
             "enable server b/c"});
}

BOOST_AUTO_TEST_CASE(carrying_out_a_plan_leaves_nothing_to_plan) {
  auto moved = server("a", 81);
  moved.weight = 3;
  moved.state = server_state::drain;
  moved.maxconn = 9;
  const auto wanted = backend({moved, server("c")});
  auto actual = running({server("a")});
  for (const auto& s : plan_backend(wanted, &actual, settings, options).steps) note_done(actual, s);
  BOOST_TEST(plan_backend(wanted, &actual, settings, options).empty());
}

BOOST_AUTO_TEST_CASE(a_new_backend_takes_a_reload_where_no_profile_is_loaded) {
  const auto p = plan_backend(backend({server("a")}), nullptr, settings, options);
  BOOST_TEST(p.steps.empty());
  BOOST_REQUIRE_EQUAL(p.reload.size(), 1U);
  BOOST_TEST((p.reload[0] == reload_reason{reload_cause::new_backend, "b"}));
}

BOOST_AUTO_TEST_CASE(a_new_backend_with_a_loaded_profile_takes_traffic_once_its_servers_are_there) {
  const auto p = plan_backend(backend({server("a")}), nullptr, settings, options, "profile");
  expect(p, {"add backend b from profile", "add server b/a 10.0.0.1:80 weight 100 " + options,
             "enable health b/a", "enable server b/a", "publish backend b"});
  BOOST_TEST(p.reload.empty());
}

BOOST_AUTO_TEST_CASE(a_backend_that_takes_no_traffic_is_published_when_it_is_wanted) {
  auto actual = running({server("a")});
  actual.published = false;
  const auto p = plan_backend(backend({server("a")}), &actual, settings, options, "profile");
  expect(p, {"publish backend b"});
  for (const auto& s : p.steps) note_done(actual, s);
  BOOST_TEST(plan_backend(backend({server("a")}), &actual, settings, options, "profile").empty());
}

BOOST_AUTO_TEST_CASE(a_backend_that_nobody_wants_goes_by_commands_where_it_can) {
  const auto by_reload = plan_removal("b");
  BOOST_TEST(by_reload.steps.empty());
  BOOST_TEST(!by_reload.retires);
  BOOST_REQUIRE_EQUAL(by_reload.reload.size(), 1U);
  BOOST_TEST((by_reload.reload[0] == reload_reason{reload_cause::removed_backend, "b"}));
  auto actual = running({server("a"), server("c")});
  const auto p = plan_removal("b", &actual);
  expect(p, {"unpublish backend b"});
  BOOST_TEST(p.leaving == (texts{"a", "c"}), boost::test_tools::per_element());
  BOOST_TEST(p.retires);
  BOOST_TEST(p.reload.empty());
  for (const auto& s : p.steps) note_done(actual, s);
  BOOST_TEST(plan_removal("b", &actual).steps.empty());
}

BOOST_AUTO_TEST_CASE(a_step_is_told_by_its_server_or_its_backend) {
  const auto p = plan_backend(backend({server("a")}), nullptr, settings, options, "profile");
  BOOST_TEST(subject_of("b", p.steps.front()) == "backend b");
  BOOST_TEST(subject_of("b", p.steps[1]) == "b/a");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy::plans
