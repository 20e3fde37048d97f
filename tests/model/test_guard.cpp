#include <boost/test/unit_test.hpp>

#include "tests/model/guard_fixture.hpp"

namespace switchyard::model {

BOOST_FIXTURE_TEST_SUITE(guards, guard_fixture)

// -- a provider as a whole

BOOST_AUTO_TEST_CASE(more_than_half_of_a_provider_at_once_is_held_with_its_numbers) {
  take(snapshot({make("a", servers(10)), make("b", servers(10, 50))}));
  const auto verdict = take(snapshot({make("a", servers(9))}));
  BOOST_REQUIRE_EQUAL(verdict.began.size(), 1U);
  BOOST_TEST(verdict.ended.empty());
  BOOST_TEST((only() == verdict.began.front()));
  BOOST_TEST((only().cause == hold_cause::share));
  BOOST_TEST(only().lost == 11U);
  BOOST_TEST(only().of == 20U);
  BOOST_TEST((only().since == now));
  BOOST_TEST(only().backend == "");
  BOOST_TEST(only().server_count() == 11U);
  BOOST_TEST((only().absent == names{"b"}));
  BOOST_TEST(what_of(only()) == "provider p would lose 11 of 20 servers");
  BOOST_TEST(served("a") == 10);
  BOOST_TEST(served("b") == 10);
  BOOST_TEST((watch.held_in("p", "a") == names{"s09"}));
  BOOST_TEST(watch.held_in("q", "a").empty());
}

BOOST_AUTO_TEST_CASE(half_of_a_provider_goes_and_so_do_fewer_than_min_removed) {
  take(snapshot({make("a", servers(20))}));
  BOOST_TEST(!take(changes({make("a", servers(10))})).instead);
  BOOST_TEST(served("a") == 10);
  take(snapshot({make("a", servers(10))}, {}), "q");
  now += 1h;
  BOOST_TEST(take(changes({make("a", servers(1))})).began.empty());
  BOOST_TEST(served("a") == 1);
}

BOOST_AUTO_TEST_CASE(with_the_limits_off_everything_goes) {
  rules.max_removed = 100;
  rules.keep_last_server = false;
  use();
  take(snapshot({make("front", servers(20))}, {{"", "/", "front"}}));
  BOOST_TEST(!take(snapshot({})).instead);
  BOOST_TEST(served("front") == -1);
  BOOST_TEST(state.routes().empty());
}

BOOST_AUTO_TEST_CASE(a_provider_that_is_not_guarded_loses_what_it_says) {
  watch.configure(rules, leading, {"q"});
  take(snapshot({make("front", servers(20))}));
  BOOST_TEST(!take(snapshot({})).instead);
  BOOST_TEST(served("front") == -1);
}

BOOST_AUTO_TEST_CASE(what_is_added_and_changed_goes_through_beside_a_hold) {
  take(snapshot({make("a", servers(10)), make("b", servers(10, 50))}));
  auto changed = servers(10);
  changed[0].weight = 7;
  changed.erase(changed.begin() + 1, changed.begin() + 3);
  take(snapshot({make("a", changed), make("c", servers(1, 90))}));
  BOOST_TEST(state.find("a")->find("s00")->weight == 7);
  BOOST_TEST(served("a") == 10);
  BOOST_TEST(served("b") == 10);
  BOOST_TEST(served("c") == 1);
  BOOST_TEST(only().server_count() == 12U);
}

BOOST_AUTO_TEST_CASE(an_explicit_state_is_never_held_nor_the_end_of_a_drained_server) {
  take(snapshot({make("front", servers(20))}));
  auto drained = servers(20);
  for (auto& s : drained) s.state = server_state::drain;
  BOOST_TEST(!take(changes({make("front", drained)})).instead);
  BOOST_TEST(!take(snapshot({})).instead);
  BOOST_TEST(served("front") == -1);
}

BOOST_AUTO_TEST_CASE(servers_of_weight_0_carry_nothing_that_could_be_lost) {
  auto of = servers(2);
  of[1].weight = 0;
  take(snapshot({make("front", of), make("b", servers(1, 50))}));
  BOOST_TEST(take(changes({make("front", {of[1]})})).began.size() == 1U);
  BOOST_TEST(served("front") == 2);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_renamed_at_its_address_is_no_loss) {
  take(snapshot({make("front", servers(20))}));
  auto renamed = servers(20);
  for (auto& s : renamed) s.name = "n" + s.name;
  BOOST_TEST(!take(snapshot({make("front", renamed)})).instead);
  BOOST_TEST(served("front") == 20);
}

BOOST_AUTO_TEST_CASE(servers_with_other_host_names_are_not_at_one_address) {
  guard_fixture f;
  auto named = servers(30);
  for (auto& s : named) {
    s.host = s.name + ".example";
    s.address.clear();
  }
  f.take(snapshot({make("front", named)}));
  named.erase(named.begin() + 10, named.end());
  BOOST_TEST(f.take(snapshot({make("front", named)})).began.size() == 1U);
  BOOST_TEST(f.served("front") == 30);
}

BOOST_AUTO_TEST_CASE(others_in_their_place_are_served_beside_what_is_held) {
  take(snapshot({make("a", servers(20))}));
  auto others = servers(20, 100);
  for (auto& s : others) s.name = "n" + s.name;
  take(snapshot({make("a", others)}));
  BOOST_TEST(served("a") == 40);
  BOOST_TEST(only().lost == 20U);
}

// -- a slow bleed

BOOST_AUTO_TEST_CASE(losses_within_the_window_count_together) {
  take(snapshot({make("a", servers(20))}));
  for (int left = 19; left >= 10; --left) {
    now += 1s;
    BOOST_TEST(!take(changes({make("a", servers(left))})).instead);
  }
  now += 1s;
  take(changes({make("a", servers(9))}));
  BOOST_TEST(only().lost == 11U);
  BOOST_TEST(only().of == 20U);
  BOOST_TEST(served("a") == 10);
}

BOOST_AUTO_TEST_CASE(losses_that_lie_far_apart_do_not) {
  take(snapshot({make("a", servers(20))}));
  for (int left = 19; left >= 1; --left) {
    now += 10s;
    take(changes({make("a", servers(left))}));
  }
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(served("a") == 1);
}

BOOST_AUTO_TEST_CASE(without_a_window_each_report_stands_alone) {
  rules.window = 0ms;
  use();
  take(snapshot({make("a", servers(20))}));
  for (int left = 19; left >= 1; --left) take(changes({make("a", servers(left))}));
  BOOST_TEST(watch.holds().empty());
}

BOOST_AUTO_TEST_CASE(a_rolling_replacement_is_no_bleed) {
  auto now_there = servers(20);
  take(snapshot({make("a", now_there)}));
  for (int i = 0; i < 20; ++i) {
    auto next = servers(1, 100 + i).front();
    next.name = "t" + std::to_string(100 + i);
    now_there.push_back(next);
    now_there.erase(now_there.begin());
    take(changes({make("a", now_there)}));
  }
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(served("a") == 20);
}

// -- a provider's last

BOOST_AUTO_TEST_CASE(a_small_provider_does_not_empty_itself_while_it_is_in_use) {
  take(snapshot({make("a", servers(2)), make("b", servers(1, 50))}, {{"h", "/", "a"}}));
  take(snapshot({}));
  BOOST_TEST((only().cause == hold_cause::last));
  BOOST_TEST(what_of(only()) == "provider p would lose its last 3 servers");
  BOOST_TEST(served("a") == 2);
  BOOST_TEST(served("b") == 1);
  BOOST_TEST((state.routes() == std::vector<route>{{"h", "/", "a"}}));
}

BOOST_AUTO_TEST_CASE(a_small_provider_that_nothing_leads_to_may_empty_itself) {
  take(snapshot({make("a", servers(2))}));
  BOOST_TEST(!take(snapshot({})).instead);
  BOOST_TEST(served("a") == -1);
}

BOOST_AUTO_TEST_CASE(the_last_routes_of_a_provider_are_held) {
  take(snapshot({make("a", servers(2))}, {{"h", "/", "a"}, {"h", "/x", "a"}}));
  report none;
  none.routes.emplace();
  take(none);
  BOOST_TEST(what_of(only()) == "provider p would lose its last 2 routes");
  BOOST_TEST(state.routes().size() == 2U);
  approve(only().id);
  BOOST_TEST(state.routes().empty());
  BOOST_TEST(served("a") == 2);
}

BOOST_AUTO_TEST_CASE(most_of_many_routes_are_held) {
  std::vector<route> all;
  for (int i = 0; i < 20; ++i) all.push_back({"h" + std::to_string(i), "/", "a"});
  take(snapshot({make("a", servers(2))}, all));
  report few;
  few.routes = std::vector<route>{all[0], all[1]};
  few.routes->at(1).backend = "b";  // a change, which goes through
  take(few);
  BOOST_TEST(what_of(only()) == "provider p would lose 18 of 20 routes");
  BOOST_TEST(state.routes().size() == 20U);
  report back;
  back.routes = all;
  BOOST_TEST(take(back).ended.size() == 1U);
  BOOST_TEST(watch.holds().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::model
