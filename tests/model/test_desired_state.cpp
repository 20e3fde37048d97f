#include "model/desired_state.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/model/guard_fixture.hpp"

namespace switchyard::model::folded_states {

namespace {

const server s1{"s1", "10.0.0.1", 80};
const server s2{"s2", "10.0.0.2", 80};

backend_ptr make(std::string name, std::vector<server> servers = {s1},
                 proxy_mode mode = proxy_mode::http) {
  backend b{std::move(name), {}, std::move(servers)};
  b.settings.mode = mode;
  return std::make_shared<const backend>(std::move(b));
}

report routes_only(std::vector<route> routes) {
  report r;
  r.routes = std::move(routes);
  return r;
}

backend_event plain(backend_ptr value) {
  return {std::move(value), false, false, {}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(desired_states)

BOOST_AUTO_TEST_CASE(a_report_of_a_provider_becomes_the_desired_state) {
  desired_state state({"p"});
  BOOST_TEST(state.revision() == 0U);
  const auto result = state.fold("p", snapshot({make("a"), make("b")}));
  BOOST_TEST((result.changed == names{"a", "b"} && !result.routes_changed &&
              result.new_collisions.empty()));
  BOOST_TEST(state.backends().size() == 2U);
  BOOST_TEST((state.find("a")->servers == std::vector{s1}));
  BOOST_TEST((state.find("c") == nullptr));
  BOOST_TEST(state.owner("a") == "p");
  BOOST_TEST(state.owner("c") == "");
  BOOST_TEST(state.revision() == 1U);
}

BOOST_AUTO_TEST_CASE(an_unknown_provider_changes_nothing) {
  desired_state state({"p"});
  const auto result = state.fold("q", snapshot({make("a")}));
  BOOST_TEST((result.changed.empty() && state.backends().empty() && state.revision() == 0));
  BOOST_TEST(!state.complete());
}

BOOST_AUTO_TEST_CASE(a_backend_that_a_snapshot_does_not_name_is_gone) {
  desired_state state({"p"});
  state.fold("p", snapshot({make("a"), make("b")}));
  const auto result = state.fold("p", snapshot({make("b")}));
  BOOST_TEST((result.changed == names{"a"}));
  BOOST_TEST((state.find("a") == nullptr && state.find("b") != nullptr));
  BOOST_TEST(state.owner("a") == "");
}

BOOST_AUTO_TEST_CASE(a_backend_that_changes_do_not_name_stays) {
  desired_state state({"p"});
  state.fold("p", snapshot({make("a"), make("b")}));
  const auto result = state.fold("p", changes({make("b", {s1, s2})}));
  BOOST_TEST((result.changed == names{"b"}));
  BOOST_TEST(state.backends().size() == 2U);
  BOOST_TEST((state.fold("p", removal("a")).changed == names{"a"}));
  BOOST_TEST((state.fold("p", removal("a")).changed.empty()));
}

BOOST_AUTO_TEST_CASE(the_revision_grows_only_with_changes) {
  desired_state state({"p"});
  state.fold("p", snapshot({make("a")}));
  BOOST_TEST(state.revision() == 1U);
  state.fold("p", snapshot({make("a")}));
  state.fold("p", changes({make("a")}));
  state.fold("p", {});
  state.fold("p", removal("never"));
  BOOST_TEST(state.revision() == 1U);
  state.fold("p", changes({make("a", {s2})}));
  BOOST_TEST(state.revision() == 2U);
  state.fold("p", routes_only({{"", "/", "a"}}));
  BOOST_TEST(state.revision() == 3U);
  state.fold("p", routes_only({{"", "/", "a"}}));
  BOOST_TEST(state.revision() == 3U);
}

BOOST_AUTO_TEST_CASE(unchanged_backends_keep_their_very_values) {
  desired_state state({"p", "q"});
  report all;
  all.full = true;
  for (int i = 0; i < 1000; ++i) {
    const auto name = "b" + std::to_string(i);
    all.backends[name].value = make(name);
  }
  state.fold("p", all);
  const auto before = state.backends();

  state.fold("p", changes({make("b7", {s2})}));
  for (auto& [name, event] : all.backends)
    event.value = std::make_shared<const backend>(*event.value);
  all.backends["b8"].value = make("b8", {s2});
  all.backends["b7"].value = make("b7", {s2});
  BOOST_TEST((state.fold("p", all).changed == names{"b8"}));

  for (const auto& [name, value] : before) {
    const bool changed = name == "b7" || name == "b8";
    BOOST_REQUIRE_MESSAGE((state.find(name) == value) == !changed, name);
  }
}

BOOST_AUTO_TEST_CASE(the_first_provider_keeps_a_backend_that_two_name) {
  desired_state state({"p", "q"});
  state.fold("q", snapshot({make("a", {s2})}));
  BOOST_TEST(state.owner("a") == "q");
  const auto result = state.fold("p", snapshot({make("a", {s1})}));
  BOOST_TEST((result.changed == names{"a"}));
  BOOST_TEST((result.new_collisions == std::vector<collision>{{"a", "p", "q"}}));
  BOOST_TEST((state.collisions() == std::set<collision>{{"a", "p", "q"}}));
  BOOST_TEST(state.owner("a") == "p");
  BOOST_TEST((state.find("a")->servers == std::vector{s1}));

  const auto hidden = state.fold("q", changes({make("a", {s1, s2})}));
  BOOST_TEST((hidden.changed.empty() && hidden.new_collisions.empty()));
}

BOOST_AUTO_TEST_CASE(a_collision_ends_when_either_side_lets_go) {
  desired_state state({"p", "q"});
  state.fold("p", snapshot({make("a", {s1})}));
  state.fold("q", snapshot({make("a", {s2})}));
  const auto gone = state.fold("p", removal("a"));
  BOOST_TEST((gone.changed == names{"a"}));
  BOOST_TEST((gone.ended_collisions == std::vector<collision>{{"a", "p", "q"}}));
  BOOST_TEST(state.collisions().empty());
  BOOST_TEST((state.find("a")->servers == std::vector{s2}));

  BOOST_TEST(state.fold("p", changes({make("a", {s1})})).new_collisions.size() == 1U);
  BOOST_TEST(state.fold("q", removal("a")).changed.empty());
  BOOST_TEST(state.collisions().empty());
  BOOST_TEST(state.owner("a") == "p");
}

BOOST_AUTO_TEST_CASE(three_providers_collide_with_the_owner_each) {
  desired_state state({"p", "q", "r"});
  for (const auto* provider : {"r", "q", "p"})
    state.fold(provider, snapshot({make("a"), make("ab")}));
  BOOST_TEST(
      (state.collisions() ==
       std::set<collision>{{"a", "p", "q"}, {"a", "p", "r"}, {"ab", "p", "q"}, {"ab", "p", "r"}}));
  const auto result = state.fold("p", removal("a"));
  BOOST_TEST((result.new_collisions == std::vector<collision>{{"a", "q", "r"}}));
  BOOST_TEST((state.collisions() ==
              std::set<collision>{{"a", "q", "r"}, {"ab", "p", "q"}, {"ab", "p", "r"}}));
}

BOOST_AUTO_TEST_CASE(an_owner_that_changes_hands_without_a_difference_is_no_change) {
  desired_state state({"p", "q"});
  state.fold("p", snapshot({make("a")}));
  state.fold("q", snapshot({make("a")}));
  const auto before = state.find("a");
  const auto revision = state.revision();
  BOOST_TEST(state.fold("p", snapshot({})).changed.empty());
  BOOST_TEST((state.find("a") == before));
  BOOST_TEST(state.owner("a") == "q");
  BOOST_TEST(state.revision() == revision);
}

BOOST_AUTO_TEST_CASE(the_state_is_complete_when_every_provider_gave_a_snapshot) {
  desired_state state({"p", "q"});
  BOOST_TEST(!state.complete());
  BOOST_TEST((state.missing() == std::vector<std::string>{"p", "q"}));
  state.fold("p", snapshot({}));
  state.fold("q", changes({make("a")}));
  BOOST_TEST((state.missing() == std::vector<std::string>{"q"}));
  state.fold("q", snapshot({}));
  BOOST_TEST((state.complete() && state.missing().empty()));
  BOOST_TEST(desired_state({}).complete());
}

BOOST_AUTO_TEST_CASE(configuring_drops_the_views_of_providers_that_are_gone) {
  desired_state state({"p", "q"});
  state.fold("p", snapshot({make("a", {s1}), make("only-p")}));
  state.fold("q", snapshot({make("a", {s2}), make("only-q")}));
  state.fold("p", routes_only({{"", "/", "only-p"}}));
  const auto kept = state.find("only-q");

  const auto result = state.configure({"q", "new"}, {});
  BOOST_TEST((result.changed == names{"a", "only-p"} && result.routes_changed));
  BOOST_TEST((state.find("a")->servers == std::vector{s2}));
  BOOST_TEST((state.find("only-q") == kept && state.find("only-p") == nullptr));
  BOOST_TEST((state.collisions().empty() && state.routes().empty()));
  BOOST_TEST((state.missing() == std::vector<std::string>{"new"}));
  BOOST_TEST(state.fold("p", snapshot({make("x")})).changed.empty());

  state.configure({"p", "q"}, {});
  BOOST_TEST((state.missing() == std::vector<std::string>{"p"}));
  BOOST_TEST((state.find("only-p") == nullptr));
}

BOOST_AUTO_TEST_CASE(configuring_the_same_providers_changes_nothing) {
  desired_state state({"p", "q"});
  state.fold("p", snapshot({make("a")}));
  state.fold("q", snapshot({make("a")}));
  const auto revision = state.revision();
  const auto result = state.configure({"p", "q", "p"}, {});
  BOOST_TEST((result.changed.empty() && !result.routes_changed && result.new_collisions.empty()));
  BOOST_TEST(state.revision() == revision);
  BOOST_TEST((state.complete() && state.collisions().size() == 1));
}

BOOST_AUTO_TEST_CASE(another_order_of_providers_is_another_precedence) {
  desired_state state({"p", "q"});
  state.fold("p", snapshot({make("a", {s1})}));
  state.fold("q", snapshot({make("a", {s2})}));
  const auto result = state.configure({"q", "p"}, {});
  BOOST_TEST((result.changed == names{"a"}));
  BOOST_TEST((state.collisions() == std::set<collision>{{"a", "q", "p"}}));
  BOOST_TEST(state.owner("a") == "q");
  BOOST_TEST(state.complete());
}

BOOST_AUTO_TEST_CASE(routes_are_sorted_and_the_first_provider_owns_a_place) {
  desired_state state({"p", "q"});
  state.fold("q", routes_only({{"b", "/", "q1"}, {"a", "/x", "q2"}}));
  BOOST_TEST(state.fold("p", routes_only({{"b", "/", "p1"}})).routes_changed);
  BOOST_TEST((state.routes() == std::vector<route>{{"a", "/x", "q2"}, {"b", "/", "p1"}}));
  BOOST_TEST(
      !state.fold("q", routes_only({{"a", "/x", "q2"}, {"b", "/", "other"}})).routes_changed);
  BOOST_TEST(state.fold("p", routes_only({})).routes_changed);
  BOOST_TEST((state.routes() == std::vector<route>{{"a", "/x", "q2"}, {"b", "/", "other"}}));
}

BOOST_AUTO_TEST_CASE(a_snapshot_without_routes_leaves_them) {
  desired_state state({"p"});
  state.fold("p", routes_only({{"", "/", "a"}}));
  report r;
  r.full = true;
  BOOST_TEST(!state.fold("p", r).routes_changed);
  BOOST_TEST(state.routes().size() == 1U);
}

BOOST_AUTO_TEST_CASE(refused_settings_keep_the_last_good_ones) {
  desired_state state({"p"});
  state.fold("p", snapshot({make("a", {s1}, proxy_mode::tcp)}));
  auto r = snapshot({make("a", {s1, s2})});
  r.backends["a"].settings_refused = true;
  state.fold("p", r);
  BOOST_TEST((state.find("a")->settings.mode == proxy_mode::tcp));
  BOOST_TEST((state.find("a")->servers == std::vector{s1, s2}));
}

BOOST_AUTO_TEST_CASE(a_backend_first_seen_with_refused_settings_is_not_taken) {
  desired_state state({"p"});
  auto r = snapshot({make("a"), make("b")});
  r.backends["a"].settings_refused = true;
  state.fold("p", r);
  BOOST_TEST((state.find("a") == nullptr && state.find("b") != nullptr));
}

BOOST_AUTO_TEST_CASE(refused_servers_keep_their_last_good_version) {
  desired_state state({"p"});
  state.fold("p", snapshot({make("a", {s1, s2})}));
  const auto before = state.find("a");
  auto r = snapshot({make("a", {s2})});
  r.backends["a"].refused_servers = {"s1"};
  BOOST_TEST(state.fold("p", r).changed.empty());
  BOOST_TEST((state.find("a") == before));
  state.fold("p", snapshot({make("a", {s2})}));
  BOOST_TEST((state.find("a")->servers == std::vector{s2}));
}

BOOST_AUTO_TEST_CASE(a_refused_list_of_servers_keeps_all_of_them) {
  desired_state state({"p"});
  state.fold("p", snapshot({make("a", {s1, s2})}));
  auto r = snapshot({make("a", {}, proxy_mode::tcp)});
  r.backends["a"].servers_refused = true;
  state.fold("p", r);
  BOOST_TEST((state.find("a")->servers == std::vector{s1, s2}));
  BOOST_TEST((state.find("a")->settings.mode == proxy_mode::tcp));
}

BOOST_AUTO_TEST_CASE(the_revision_of_routes_grows_with_those_that_another_provider_hides) {
  desired_state state({"p", "q"});
  report r;
  r.routes = {{"a", "/", "x"}};
  state.fold("p", r);
  const auto first = state.routes_revision();
  state.fold("p", r);
  BOOST_TEST(state.routes_revision() == first);
  const auto revision = state.revision();
  state.fold("q", r);
  const auto hidden = state.routes_revision();
  BOOST_TEST(hidden > first);
  BOOST_TEST(state.revision() == revision);
  r.routes->clear();
  state.fold("p", r);  // now it is q's
  const auto moved = state.routes_revision();
  BOOST_TEST(moved > hidden);
  state.configure({"p"}, {});
  BOOST_TEST(state.routes_revision() > moved);
}

BOOST_AUTO_TEST_CASE(refused_routes_keep_their_last_good_version) {
  desired_state state({"p"});
  state.fold("p", routes_only({{"a", "/", "x"}, {"b", "/", "y"}}));
  auto r = routes_only({{"b", "/", "z"}});
  r.refused_routes = {{"a", "/"}, {"c", "/"}};
  BOOST_TEST(state.fold("p", r).routes_changed);
  BOOST_TEST((state.routes() == std::vector<route>{{"a", "/", "x"}, {"b", "/", "z"}}));
}

BOOST_AUTO_TEST_CASE(an_event_alone_leaves_or_replaces_the_backend) {
  const auto a = make("a");
  BOOST_TEST((apply_event(nullptr, {}) == nullptr));
  BOOST_TEST((apply_event(a, {}) == nullptr));
  BOOST_TEST((apply_event(a, plain(make("a"))) == a));
  BOOST_TEST((apply_event(nullptr, plain(a)) == a));
  const auto other = make("a", {s2});
  BOOST_TEST((apply_event(a, plain(other)) == other));
  BOOST_TEST((apply_event(nullptr, {a, true, false, {}}) == nullptr));
}

BOOST_AUTO_TEST_CASE(a_server_that_could_be_read_wins_over_its_refusal) {
  const auto event = backend_event{make("a", {{"s1", "10.0.0.9", 90}}), false, false, {"s1"}};
  BOOST_TEST((apply_event(make("a", {s1}), event)->servers ==
              std::vector<server>{{"s1", "10.0.0.9", 90}}));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace switchyard::model::folded_states
