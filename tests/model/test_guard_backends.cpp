#include <boost/test/unit_test.hpp>

#include "tests/model/guard_fixture.hpp"

namespace switchyard::model {

BOOST_FIXTURE_TEST_SUITE(guards_of_backends, guard_fixture)

BOOST_AUTO_TEST_CASE(the_last_ready_server_of_a_backend_that_a_frontend_leads_to_is_held) {
  auto of = servers(2);
  of[1].state = server_state::maint;
  take(snapshot({make("front", of), make("b", servers(3, 50))}));
  take(changes({make("front", {of[1]})}));
  BOOST_TEST((only().cause == hold_cause::last_server));
  BOOST_TEST(only().backend == "front");
  BOOST_TEST(what_of(only()) == "backend front of provider p would lose its last ready server");
  BOOST_TEST(served("front") == 2);
  approve(only().id);
  BOOST_TEST(served("front") == 1);
  BOOST_TEST(watch.holds().empty());
}

BOOST_AUTO_TEST_CASE(a_backend_that_a_route_of_another_provider_leads_to_is_held_as_a_whole) {
  take(snapshot({}, {{"h", "/", "a"}}), "q");
  take(snapshot({make("a", servers(2)), make("b", servers(3, 50))}));
  take(removal("a"));
  BOOST_TEST(only().server_count() == 2U);
  BOOST_TEST((only().absent == names{"a"}));
  BOOST_TEST(served("a") == 2);
  approve(only().id);
  BOOST_TEST(served("a") == -1);
}

BOOST_AUTO_TEST_CASE(a_backend_that_goes_with_its_route_goes) {
  take(snapshot({make("a", servers(2)), make("b", servers(3, 50))},
                {{"h", "/", "a"}, {"h", "/b", "b"}}));
  auto both = removal("a");
  both.routes = std::vector<route>{{"h", "/b", "b"}};
  BOOST_TEST(!take(both).instead);
  BOOST_TEST(served("a") == -1);
}

BOOST_AUTO_TEST_CASE(routes_to_a_backend_that_is_held_stay_with_it) {
  take(snapshot({make("a", servers(2)), make("b", servers(3, 50))},
                {{"h", "/", "a"}, {"h", "/b", "b"}}));
  take(removal("a"));
  report without;
  without.routes = std::vector<route>{{"h", "/b", "b"}};
  take(without);
  BOOST_TEST((only().routes == std::set<place>{{"h", "/"}}));
  BOOST_TEST(state.routes().size() == 2U);
  approve(only().id);
  BOOST_TEST(served("a") == -1);
  BOOST_TEST(state.routes().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_backend_whose_route_cannot_be_read_any_more_is_held_too) {
  take(snapshot({make("a", servers(2)), make("b", servers(30, 50))}, {{"h", "/", "a"}}));
  auto broken = snapshot({make("a", {}), make("b", servers(30, 50))});
  broken.refused_routes = {{"h", "/"}};
  take(broken);
  BOOST_TEST((only().cause == hold_cause::last_server));
  BOOST_TEST(served("a") == 2);
  BOOST_TEST(state.routes().size() == 1U);
  take(broken);
  BOOST_TEST(served("a") == 2);
}

BOOST_AUTO_TEST_CASE(the_version_of_another_provider_stands_in) {
  take(snapshot({make("front", servers(1)), make("b", servers(3, 50))}));
  take(snapshot({make("front", servers(2, 90))}), "q");
  BOOST_TEST(!take(removal("front")).instead);
  BOOST_TEST(served("front") == 2);
  BOOST_TEST(state.owner("front") == "q");
}

BOOST_AUTO_TEST_CASE(the_version_of_another_provider_stands_in_for_one_without_servers) {
  take(snapshot({make("front", servers(1)), make("b", servers(3, 50))}));
  take(snapshot({make("front", servers(2, 90))}), "q");
  BOOST_TEST(!take(changes({make("front", {})})).instead);
  BOOST_TEST(served("front") == 2);
}

BOOST_AUTO_TEST_CASE(it_does_not_while_servers_of_the_first_cannot_be_read) {
  take(snapshot({make("front", servers(1)), make("b", servers(3, 50))}));
  take(snapshot({make("front", servers(2, 90))}), "q");
  auto broken = changes({make("front", {})});
  broken.backends.at("front").refused_servers = {"new"};
  take(broken);
  BOOST_TEST(only().backend == "front");
  BOOST_TEST(served("front") == 1);
}

BOOST_AUTO_TEST_CASE(a_backend_that_goes_before_and_has_no_servers_takes_none_away) {
  take(snapshot({make("front", servers(2, 90))}), "q");
  BOOST_TEST(!take(snapshot({make("front", {}), make("b", servers(3, 50))})).instead);
  BOOST_TEST(served("front") == 2);
  take(changes({make("front", {})}), "q");  // whoever has the last ones
  BOOST_TEST(only().provider == "q");
  BOOST_TEST(served("front") == 2);
}

BOOST_AUTO_TEST_CASE(the_version_of_another_provider_that_has_no_ready_server_does_not) {
  auto away = servers(2, 90);
  for (auto& s : away) s.state = server_state::maint;
  take(snapshot({make("front", servers(1)), make("b", servers(3, 50))}));
  take(snapshot({make("front", away)}), "q");
  take(removal("front"));
  BOOST_TEST(only().backend == "front");
  BOOST_TEST(state.owner("front") == "p");
}

BOOST_AUTO_TEST_CASE(a_backend_that_is_another_providers_may_lose_its_servers_here) {
  take(snapshot({make("front", servers(1))}));
  take(snapshot({make("front", servers(1, 90)), make("c", servers(1, 91))}), "q");
  BOOST_TEST(!take(removal("front"), "q").instead);
}

BOOST_AUTO_TEST_CASE(as_many_servers_again_end_the_hold_of_a_backend) {
  take(snapshot({make("front", servers(2)), make("b", servers(3, 50))}));
  take(changes({make("front", {})}));
  auto other = servers(2, 90);
  for (auto& s : other) s.name = "n" + s.name;
  take(changes({make("front", {other[0]})}));
  BOOST_TEST(served("front") == 3);  // one of two is not enough
  const auto verdict = take(changes({make("front", other)}));
  BOOST_TEST(verdict.ended.size() == 1U);
  BOOST_TEST(served("front") == 2);
  BOOST_TEST(watch.holds().empty());
}

BOOST_AUTO_TEST_CASE(as_many_servers_again_end_the_hold_of_a_small_provider) {
  take(snapshot({make("front", servers(2))}));
  take(snapshot({}));
  BOOST_TEST((only().cause == hold_cause::last));
  take(snapshot({make("front", servers(1, 90))}));
  BOOST_TEST(served("front") == 2);  // s00 is back, at another address
  auto other = servers(3, 90);
  other.erase(other.begin() + 1);
  take(snapshot({make("front", other)}));
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST((state.find("front")->servers == other));
}

BOOST_AUTO_TEST_CASE(servers_that_are_replaced_stay_as_long_as_their_routes_are_missing) {
  take(snapshot({make("a", servers(1))}, {{"h", "/", "a"}}));
  take(snapshot({}));
  auto other = servers(2, 90);
  other.erase(other.begin());
  take(snapshot({make("a", other)}));
  BOOST_TEST(served("a") == 2);
  BOOST_TEST(state.routes().size() == 1U);
  take(snapshot({make("a", other)}, {{"h", "/", "a"}}));
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(served("a") == 1);
}

// -- a backend whose servers are united

struct united_fixture : guard_fixture {
  united_fixture() {
    state.configure({"p", "q"}, {"front"});
    take(snapshot({make("front", servers(1)), make("b", servers(3, 50))}));
    auto others = servers(1, 90);
    others.front().name = "other";
    take(snapshot({make("front", others), make("c", servers(3, 60))}), "q");
  }
};

BOOST_FIXTURE_TEST_CASE(one_provider_may_leave_while_another_one_serves_the_backend,
                        united_fixture) {
  BOOST_TEST(served("front") == 2);
  BOOST_TEST(!take(removal("front")).instead);
  BOOST_TEST(served("front") == 1);
}

BOOST_FIXTURE_TEST_CASE(the_last_server_of_all_providers_is_held_whoever_has_it, united_fixture) {
  take(removal("front"));
  take(changes({make("front", {})}), "q");
  BOOST_TEST(only().provider == "q");
  BOOST_TEST((only().cause == hold_cause::last_server));
  BOOST_TEST(served("front") == 1);
  approve(only().id);
  BOOST_TEST(served("front") == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::model
