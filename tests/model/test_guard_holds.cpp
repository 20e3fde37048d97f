#include <boost/test/unit_test.hpp>

#include "tests/model/guard_fixture.hpp"

namespace switchyard::model {

BOOST_FIXTURE_TEST_SUITE(holds_of_the_guard, guard_fixture)

// -- how a hold goes on

BOOST_AUTO_TEST_CASE(what_the_source_has_again_leaves_the_hold_and_the_rest_stays) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  BOOST_TEST(only().server_count() == 20U);
  const auto some = take(snapshot({make("a", servers(15))}));
  BOOST_TEST((some.began.empty() && some.ended.empty()));
  BOOST_TEST(only().server_count() == 5U);
  BOOST_TEST(only().absent.empty());
  BOOST_TEST(served("a") == 20);
  const auto all = take(snapshot({make("a", servers(20))}));
  BOOST_TEST(all.ended.size() == 1U);
  BOOST_TEST(!all.instead);
  BOOST_TEST(watch.holds().empty());
}

BOOST_AUTO_TEST_CASE(a_held_server_comes_back_as_the_source_has_it) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  auto moved = servers(20);
  moved[3].address = "10.9.9.9";
  moved[4].state = server_state::drain;
  moved[5].name = "renamed";
  sort_servers(moved);
  take(snapshot({make("a", moved)}));
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST((state.find("a")->servers == moved));
}

BOOST_AUTO_TEST_CASE(a_second_report_makes_the_hold_larger) {
  take(snapshot({make("a", servers(20)), make("b", servers(6, 50))}));
  take(changes({make("a", servers(2))}));
  const auto id = only().id;
  const auto verdict = take(changes({make("b", servers(5, 50))}));
  BOOST_TEST(verdict.began.size() == 1U);
  BOOST_TEST(only().id == id);
  BOOST_TEST(only().lost == 19U);
  BOOST_TEST(only().of == 26U);
  BOOST_TEST(served("b") == 6);
}

BOOST_AUTO_TEST_CASE(a_report_of_something_else_leaves_the_hold_alone) {
  take(snapshot({make("a", servers(20)), make("b", servers(6, 50))}));
  take(changes({make("a", servers(2))}));
  const auto before = only();
  BOOST_TEST(!take(changes({make("b", servers(7, 50))})).instead);
  BOOST_TEST((only() == before));
  BOOST_TEST(served("a") == 20);
}

BOOST_AUTO_TEST_CASE(a_list_of_servers_that_could_not_be_read_says_nothing_of_what_is_held) {
  take(snapshot({make("a", servers(20)), make("b", servers(6, 50))}));
  take(changes({make("a", servers(2))}));
  const auto before = only();
  auto unreadable = changes({make("a", {})});
  unreadable.backends["a"].servers_refused = true;
  take(unreadable);
  BOOST_TEST((only() == before));
  BOOST_TEST(served("a") == 20);
}

BOOST_AUTO_TEST_CASE(a_held_server_that_the_source_has_again_and_cannot_be_read_is_back) {
  take(snapshot({make("front", servers(1)), make("b", servers(6, 50))}));
  take(changes({make("front", {})}));
  auto unreadable = changes({make("front", {})});
  unreadable.backends["front"].refused_servers = {"s00"};
  BOOST_TEST(take(unreadable).ended.size() == 1U);
  BOOST_TEST(served("front") == 1);  // its last good version
}

BOOST_AUTO_TEST_CASE(what_was_refused_in_a_report_stays_refused_beside_what_is_held) {
  take(snapshot({make("a", servers(20))}));
  auto r = changes({make("a", servers(1))});
  r.backends["a"].refused_servers = {"s05", "unknown"};
  take(r);
  BOOST_TEST(only().server_count() == 18U);
  BOOST_TEST(served("a") == 20);
  BOOST_TEST((state.unread_of("a").by_name == names{"unknown"}));
  approve(only().id);
  BOOST_TEST(served("a") == 2);
  BOOST_TEST((state.unread_of("a").by_name == names{"unknown"}));
}

// -- decisions

BOOST_AUTO_TEST_CASE(what_was_approved_is_not_held_again) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({make("a", servers(2))}));
  approve(only().id);
  BOOST_TEST(served("a") == 2);
  BOOST_TEST(!take(snapshot({make("a", servers(2))})).instead);
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(!watch.approve(1, state));
}

BOOST_AUTO_TEST_CASE(what_was_approved_does_not_count_within_the_window) {
  take(snapshot({make("a", servers(30))}));
  take(changes({make("a", servers(16))}));
  take(changes({make("a", servers(14))}));
  BOOST_TEST(only().lost == 16U);
  approve(only().id);
  BOOST_TEST(served("a") == 14);
  BOOST_TEST(!take(changes({make("a", servers(13))})).instead);
}

BOOST_AUTO_TEST_CASE(what_was_rejected_stays_whatever_goes_later) {
  take(snapshot({make("a", servers(20)), make("b", servers(20, 50))}));
  take(changes({make("a", {})}));
  BOOST_TEST(watch.holds().empty());  // half
  take(changes({make("b", servers(10, 50))}));
  const auto first = only().id;
  BOOST_REQUIRE(watch.reject(first).has_value());
  BOOST_TEST(only().rejected);
  BOOST_TEST(served("b") == 20);
  // Judged anew, and held on its own account.
  take(removal("b"));
  BOOST_REQUIRE_EQUAL(watch.holds().size(), 2U);
  const auto& second = watch.holds().rbegin()->second;
  BOOST_TEST(!second.rejected);
  BOOST_TEST(second.server_count() == 10U);
  BOOST_TEST(served("b") == 20);
  approve(second.id);
  BOOST_TEST(served("b") == 10);
  BOOST_TEST(take(snapshot({make("b", servers(20, 50))})).ended.size() == 1U);
  BOOST_TEST(!watch.reject(99));
}

BOOST_AUTO_TEST_CASE(a_hold_times_out_where_that_is_set) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  BOOST_TEST(!watch.next_expiry());
  rules.hold_timeout = 5min;
  use();
  BOOST_TEST((watch.next_expiry() == now + 5min));
  BOOST_TEST(!watch.expire(state, now + 5min - 1ms));
  const auto due = watch.expire(state, now + 5min);
  BOOST_REQUIRE(due.has_value());
  state.fold("p", due->removals);
  BOOST_TEST(served("a") == -1);
  BOOST_TEST(!watch.expire(state, now + 5min));
}

// A hundred servers of which sixty are kept by hand are forty.
BOOST_AUTO_TEST_CASE(what_was_rejected_does_not_count_as_what_the_source_has) {
  take(snapshot({make("a", servers(40)), make("b", servers(60, 50))}));
  take(snapshot({make("a", servers(40))}));
  watch.reject(only().id);
  now += 1h;
  const auto verdict = take(snapshot({make("a", servers(1))}));
  BOOST_REQUIRE_EQUAL(verdict.began.size(), 1U);
  BOOST_TEST(what_of(verdict.began.front()) == "provider p would lose 39 of 40 servers");
  BOOST_TEST(served("a") == 40);
}

BOOST_AUTO_TEST_CASE(routes_that_were_rejected_do_not_count_as_what_the_source_has) {
  std::vector<route> routes;
  for (char c = 'a'; c <= 'z'; ++c) routes.push_back({"h", std::string("/") + c, "b"});
  take(snapshot({make("b", servers(3))}, routes));
  routes.resize(12);
  take(snapshot({make("b", servers(3))}, routes));
  watch.reject(only().id);
  now += 1h;
  routes.resize(1);
  const auto verdict = take(snapshot({make("b", servers(3))}, routes));
  BOOST_REQUIRE_EQUAL(verdict.began.size(), 1U);
  BOOST_TEST(verdict.began.front().lost == 11U);
  BOOST_TEST(verdict.began.front().of == 12U);
  BOOST_TEST(state.routes().size() == 26U);
}

BOOST_AUTO_TEST_CASE(the_last_servers_beside_rejected_ones_are_replaced_by_as_many) {
  take(snapshot({make("front", servers(4)), make("b", servers(60, 50))}));
  take(snapshot({make("front", servers(4))}));
  watch.reject(only().id);
  now += 1h;
  const auto verdict = take(snapshot({}));
  BOOST_REQUIRE_EQUAL(verdict.began.size(), 1U);
  BOOST_TEST((verdict.began.front().cause == hold_cause::last));
  BOOST_TEST(verdict.began.front().of == 4U);
  auto others = servers(4, 200);
  for (auto& s : others) s.name = "n" + s.name;
  BOOST_TEST(take(snapshot({make("front", others)})).ended.size() == 1U);
  BOOST_TEST(served("front") == 4);
}

BOOST_AUTO_TEST_CASE(what_was_rejected_does_not_time_out) {
  rules.hold_timeout = 5min;
  use();
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  watch.reject(only().id);
  BOOST_TEST(!watch.next_expiry());
  BOOST_TEST(!watch.expire(state, now + 1h));
}

BOOST_AUTO_TEST_CASE(a_provider_that_is_taken_from_the_settings_takes_its_holds_along) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  state.configure({"q"}, {});
  watch.configure(rules, leading, {"q"});
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(served("a") == -1);
}

BOOST_AUTO_TEST_CASE(numbers_are_never_given_twice) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  BOOST_TEST(only().id == 1U);
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  BOOST_TEST(only().id == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::model
