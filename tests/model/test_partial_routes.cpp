// Lists of routes that are not whole: what they do not name stays.

#include <boost/test/unit_test.hpp>

#include "tests/model/guard_fixture.hpp"

namespace switchyard::model::route_parts {

namespace {

using places = std::set<place>;
using routes = std::vector<route>;

report part(routes read, places gone = {}) {
  report r;
  r.routes = std::move(read);
  r.gone_routes = std::move(gone);
  return r;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(partial_routes, guard_fixture)

BOOST_AUTO_TEST_CASE(what_a_part_does_not_name_stays_and_what_it_names_as_gone_goes) {
  state.fold("p", snapshot({}, {{"a", "/", "x"}, {"b", "/", "x"}, {"c", "/", "x"}}));
  state.fold("p", part({{"a", "/", "y"}}, {{"c", "/"}}));
  BOOST_TEST((state.routes() == routes{{"a", "/", "y"}, {"b", "/", "x"}}));
  BOOST_TEST(!state.fold("p", part({{"a", "/", "y"}})).routes_changed);
  state.fold("p", snapshot({}, {{"a", "/", "y"}}));
  BOOST_TEST((state.routes() == routes{{"a", "/", "y"}}));
}

BOOST_AUTO_TEST_CASE(what_was_unread_before_a_part_is_unread_after_it) {
  auto whole = snapshot({}, {});
  whole.refused_routes = {{"a", "/"}, {"b", "/"}, {"c", "/"}};
  state.fold("p", whole);
  state.fold("p", part({{"a", "/", "x"}}, {{"b", "/"}}));
  BOOST_TEST((state.unread_routes() == places{{"c", "/"}}));
}

BOOST_AUTO_TEST_CASE(a_part_folded_into_a_whole_is_a_whole) {
  auto earlier = snapshot({}, {{"a", "/", "x"}, {"b", "/", "x"}, {"c", "/", "x"}});
  earlier.refused_routes = {{"d", "/"}, {"e", "/"}};
  fold(earlier, part({{"a", "/", "y"}}, {{"c", "/"}, {"e", "/"}}));
  BOOST_TEST((*earlier.routes == routes{{"a", "/", "y"}, {"b", "/", "x"}}));
  BOOST_TEST((earlier.refused_routes == places{{"d", "/"}}));
  BOOST_TEST(!earlier.gone_routes.has_value());
}

BOOST_AUTO_TEST_CASE(two_parts_folded_are_one) {
  auto earlier = part({{"a", "/", "x"}, {"b", "/", "x"}}, {{"c", "/"}, {"d", "/"}});
  fold(earlier, part({{"c", "/", "y"}}, {{"b", "/"}}));
  BOOST_TEST((*earlier.routes == routes{{"c", "/", "y"}, {"a", "/", "x"}}));
  BOOST_TEST((earlier.gone_routes == places{{"b", "/"}, {"d", "/"}}));
}

// -- the guard

BOOST_AUTO_TEST_CASE(a_backend_whose_route_a_part_does_not_name_is_held) {
  take(snapshot({make("a", servers(2)), make("b", servers(30, 50))}, {{"h", "/", "a"}}));
  auto r = part({});
  r.backends["a"] = {};
  take(r);
  BOOST_TEST((only().cause == hold_cause::last_server));
  BOOST_TEST(served("a") == 2);
}

BOOST_AUTO_TEST_CASE(a_backend_whose_route_has_gone_or_leads_elsewhere_goes) {
  take(snapshot({make("a", servers(2)), make("b", servers(30, 50)), make("c", servers(2, 90))},
                {{"h", "/", "a"}, {"h", "/c", "c"}}));
  auto r = part({{"h", "/c", "b"}}, {{"h", "/"}});
  r.backends["a"] = {};
  r.backends["c"] = {};
  BOOST_TEST(!take(r).instead);
  BOOST_TEST(served("a") == -1);
  BOOST_TEST(served("c") == -1);
  BOOST_TEST((state.routes() == routes{{"h", "/c", "b"}}));
}

BOOST_AUTO_TEST_CASE(routes_that_are_held_stay_so_as_long_as_no_list_is_whole) {
  const auto a = make("a", servers(2));
  take(snapshot({a}, {{"h", "/", "a"}, {"h", "/x", "a"}, {"h", "/y", "a"}}));
  take(snapshot({a}, {}));
  BOOST_TEST(only().routes.size() == 3U);
  take(part({{"h", "/x", "a"}}, {{"h", "/y"}}));
  BOOST_TEST((only().routes == places{{"h", "/"}, {"h", "/y"}}));
  BOOST_TEST(state.routes().size() == 3U);
  take(snapshot({a}, {{"h", "/x", "a"}}));
  BOOST_TEST((only().routes == places{{"h", "/"}, {"h", "/y"}}));
  approve(only().id);
  BOOST_TEST((state.routes() == routes{{"h", "/x", "a"}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::model::route_parts
