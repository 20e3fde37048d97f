#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "actors/dispatch_queue.hpp"

namespace switchyard::actors {

namespace {

model::desired_state state_with(const std::vector<std::string>& names) {
  model::desired_state state({"p"});
  model::report report;
  report.full = true;
  for (const auto& name : names) {
    auto b = std::make_shared<model::backend>();
    b->name = name;
    report.backends[name].value = b;
  }
  state.fold("p", report);
  return state;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dispatch_queue_behaviour)

BOOST_AUTO_TEST_CASE(an_idle_queue_gives_nothing) {
  dispatch_queue q;
  BOOST_TEST(!q.waiting());
  BOOST_TEST(!q.next(state_with({})).has_value());
}

BOOST_AUTO_TEST_CASE(what_comes_while_the_writer_is_busy_is_one_request) {
  dispatch_queue q;
  const auto state = state_with({"a", "b"});
  q.changed("p", {"a"}, false, state);
  q.changed("p", {"a", "b"}, false, state);
  q.changed("p", {"b"}, false, state);
  const auto r = q.next(state);
  BOOST_REQUIRE(r.has_value());
  BOOST_TEST(r->changes.size() == 2U);
  BOOST_TEST(!r->more);
  BOOST_TEST(!r->full);
  q.done();
  BOOST_TEST(!q.waiting());
}

BOOST_AUTO_TEST_CASE(the_latest_version_is_sent_when_its_turn_comes) {
  dispatch_queue q;
  q.changed("p", {"a"}, false, state_with({"a"}));
  const auto later = state_with({});
  const auto r = q.next(later);
  BOOST_REQUIRE(r.has_value());
  BOOST_TEST(r->changes.at(0).name == "a");
  BOOST_TEST((r->changes.at(0).value == nullptr));
}

BOOST_AUTO_TEST_CASE(a_burst_is_cut_and_only_its_last_part_may_reload) {
  dispatch_queue q({2, 1000});
  const auto state = state_with({"a", "b", "c", "d", "e"});
  q.changed("p", {"a", "b", "c", "d", "e"}, false, state);
  std::vector<bool> more;
  while (auto r = q.next(state)) {
    BOOST_TEST(r->changes.size() <= 2U);
    more.push_back(r->more);
    q.done();
  }
  const std::vector<bool> wanted{true, true, false};
  BOOST_TEST(more == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(endless_changes_do_not_put_a_reload_off_for_ever) {
  dispatch_queue q({1, 1000});
  const auto state = state_with({"a", "b"});
  q.changed("p", {"a", "b"}, false, state);
  int until_reload = 0;
  for (int i = 0; i < 10; ++i) {
    const auto r = q.next(state);
    BOOST_REQUIRE(r.has_value());
    ++until_reload;
    if (!r->more) break;
    q.changed("p", {r->changes.at(0).name}, false, state);
    q.done();
  }
  BOOST_TEST(until_reload == 2);
}

BOOST_AUTO_TEST_CASE(a_ticket_is_fulfilled_when_all_that_waited_is_applied) {
  dispatch_queue q({1, 1000});
  const auto state = state_with({"a", "b"});
  q.changed("p", {"a", "b"}, false, state);
  const auto t = q.issue("p");
  q.next(state);
  q.done();
  BOOST_TEST(q.fulfilled().empty());
  q.next(state);
  BOOST_TEST(q.fulfilled().empty());
  q.done();
  const std::vector<dispatch_queue::ticket> wanted{t};
  BOOST_TEST(q.fulfilled() == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_report_that_changed_nothing_is_fulfilled_at_once) {
  dispatch_queue q;
  q.issue("p");
  BOOST_TEST(q.fulfilled().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_lost_request_is_followed_by_everything_and_then_acknowledged) {
  dispatch_queue q;
  const auto state = state_with({"a", "b", "c"});
  q.changed("p", {"a"}, false, state);
  q.issue("p");
  q.next(state);
  q.failed();
  BOOST_TEST(q.fulfilled().empty());
  const auto r = q.next(state);
  BOOST_REQUIRE(r.has_value());
  BOOST_TEST(r->full);
  BOOST_TEST(r->changes.size() == 3U);
  BOOST_TEST(r->complete);
  BOOST_TEST(q.fulfilled().empty());  // it is on its way, and no more
  q.done();
  BOOST_TEST(q.fulfilled().size() == 1U);
  BOOST_TEST(!q.waiting());
}

// -- several providers

std::vector<std::string> names_in(const haproxy::apply_request& request) {
  std::vector<std::string> names;
  for (const auto& c : request.changes) names.push_back(c.name);
  return names;
}

std::set<std::string> many(int count, const std::string& prefix = "storm") {
  std::set<std::string> names;
  for (int i = 0; i < count; ++i) names.insert(prefix + std::to_string(i));
  return names;
}

BOOST_AUTO_TEST_CASE(what_one_provider_changes_is_in_the_next_request_whatever_another_one_does) {
  dispatch_queue q({10, 1000});
  const auto state = state_with({"quiet"});
  const auto storm = many(1000);
  q.changed("p", storm, false, state);
  for (int round = 0; round < 5; ++round) {
    BOOST_REQUIRE(q.next(state).has_value());
    q.changed("p", storm, false, state);
    q.changed("q", {"quiet"}, false, state);
    const auto ticket = q.issue("q");
    q.done();
    BOOST_TEST(q.fulfilled().empty());
    const auto r = q.next(state);
    BOOST_REQUIRE(r.has_value());
    BOOST_TEST(std::ranges::count(names_in(*r), "quiet") == 1);
    BOOST_TEST(r->changes.size() == 10U);
    BOOST_TEST(!r->more);  // a reload that it needs does not wait for the end of the storm
    q.done();
    BOOST_TEST(q.fulfilled() == std::vector{ticket}, boost::test_tools::per_element());
    BOOST_TEST(!q.pending(ticket));
  }
}

BOOST_AUTO_TEST_CASE(routes_go_after_what_they_lead_to_and_before_what_they_leave) {
  model::report now;
  now.full = true;
  for (const auto* name : {"new1", "new2", "new3"}) {
    auto b = std::make_shared<model::backend>();
    b->name = name;
    b->servers.resize(1);
    now.backends[name].value = b;
  }
  auto emptied = std::make_shared<model::backend>();
  emptied->name = "emptied";
  now.backends["emptied"].value = emptied;
  model::desired_state state({"p"});
  state.fold("p", now);
  dispatch_queue q({2, 1000});
  q.changed("p", {"emptied", "gone", "new1", "new2", "new3"}, true, state);
  std::vector<std::string> order;
  for (int i = 0; i < 10; ++i) {
    const auto r = q.next(state);
    if (!r) break;
    for (const auto& name : names_in(*r)) order.push_back(name);
    if (r->routes) order.push_back("routes");
    q.done();
    if (i < 3) q.changed("q", {"other"}, false, state);  // and none of these parts is the last one
  }
  std::erase(order, "other");
  const std::vector<std::string> wanted{"new1", "new2", "new3", "routes", "emptied", "gone"};
  BOOST_TEST(order == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_request_is_shared_out_evenly) {
  dispatch_queue q({10, 1000});
  const auto state = state_with({});
  q.changed("p", many(100, "p"), false, state);
  q.changed("q", many(100, "q"), false, state);
  q.changed("r", many(2, "r"), false, state);
  std::map<char, int> got;
  for (const auto& name : names_in(*q.next(state))) ++got[name.front()];
  BOOST_TEST(got['p'] == 4);
  BOOST_TEST(got['q'] == 4);
  BOOST_TEST(got['r'] == 2);
}

BOOST_AUTO_TEST_CASE(each_providers_first_change_goes_however_large_the_others_are) {
  model::report large;
  large.full = true;
  for (const auto* name : {"a", "b", "c", "d"}) {
    auto b = std::make_shared<model::backend>();
    b->name = name;
    b->servers.resize(60);
    large.backends[name].value = b;
  }
  model::desired_state state({"p"});
  state.fold("p", large);
  dispatch_queue q({256, 100});
  q.changed("p", {"a", "b", "c"}, false, state);
  q.changed("q", {"d"}, false, state);
  const std::vector<std::string> first{"a", "d"}, second{"b", "c"};
  BOOST_TEST(names_in(*q.next(state)) == first, boost::test_tools::per_element());
  q.done();
  BOOST_TEST(names_in(*q.next(state)) == second, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_two_providers_change_is_sent_once_and_both_are_answered) {
  dispatch_queue q({1, 1000});
  const auto state = state_with({"a", "b"});
  q.changed("p", {"a", "b"}, false, state);
  q.changed("q", {"a", "b"}, false, state);
  q.issue("p");
  q.issue("q");
  int requests = 0;
  for (; q.next(state); ++requests) q.done();
  BOOST_TEST(requests == 2);
  BOOST_TEST(q.fulfilled().size() == 2U);
  BOOST_TEST(q.depth() == 0U);
}

BOOST_AUTO_TEST_CASE(a_burst_ends_where_the_rest_of_each_line_has_gone_in_another_ones_turn) {
  dispatch_queue q({2, 1000});
  const auto state = state_with({"a", "b"});
  q.changed("p", {"a"}, false, state);
  q.changed("p", {"b"}, false, state);
  q.changed("q", {"b"}, false, state);
  q.changed("q", {"a"}, false, state);
  const auto r = q.next(state);
  BOOST_REQUIRE(r.has_value());
  BOOST_TEST(r->changes.size() == 2U);
  BOOST_TEST(!r->more);
  q.done();
  BOOST_TEST(!q.in_burst());
  BOOST_TEST(!q.waiting());
}

BOOST_AUTO_TEST_CASE(what_changes_again_after_it_was_sent_is_sent_again) {
  dispatch_queue q;
  const auto state = state_with({"a"});
  q.changed("p", {"a"}, false, state);
  q.changed("q", {"a"}, false, state);
  q.next(state);
  q.changed("q", {"a"}, false, state);
  const auto ticket = q.issue("q");
  q.done();
  BOOST_TEST(q.fulfilled().empty());
  BOOST_TEST(q.pending(ticket));
  BOOST_REQUIRE(q.next(state).has_value());
  q.done();
  BOOST_TEST(q.fulfilled().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
