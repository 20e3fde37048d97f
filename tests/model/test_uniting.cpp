#include "model/uniting.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <set>

#include "model/desired_state.hpp"

namespace switchyard::model::united {

namespace {

const server s1{"s1", "10.0.0.1", 80};
const server s2{"s2", "10.0.0.2", 80};
const server s3{"s3", "10.0.0.3", 80};
const server other_s1{"s1", "10.9.9.9", 80};

backend_ptr make(std::vector<server> servers, proxy_mode mode = proxy_mode::http,
                 std::string name = "a") {
  backend b{std::move(name), {}, std::move(servers)};
  b.settings.mode = mode;
  return std::make_shared<const backend>(std::move(b));
}

report snapshot(std::initializer_list<backend_ptr> values) {
  report r;
  r.full = true;
  for (const auto& value : values) r.backends[value->name].value = value;
  return r;
}

report routes_only(std::vector<route> routes) {
  report r;
  r.routes = std::move(routes);
  return r;
}

collision server_of(const std::string& owner, const std::string& other, const std::string& name) {
  return {"a", owner, other, contested::server, name};
}

using names = std::set<std::string>;
using list = std::vector<std::string>;

/// Providers p, q and r, by precedence, and the backend a united.
struct three {
  desired_state state{{"p", "q", "r"}, {"a"}};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(uniting)

BOOST_AUTO_TEST_CASE(the_servers_of_all_versions_are_united_with_the_settings_of_the_first) {
  const auto whole = unite({{"p", make({s2}, proxy_mode::tcp)}, {"q", make({s1, s3})}});
  BOOST_TEST((whole.value->servers == std::vector{s1, s2, s3}));
  BOOST_TEST((whole.value->settings.mode == proxy_mode::tcp));
  BOOST_TEST(whole.collisions.empty());  // q says nothing of settings
}

BOOST_AUTO_TEST_CASE(one_version_is_taken_as_it_is) {
  const auto only = make({s1});
  BOOST_TEST((unite({{"p", only}}).value == only));
  BOOST_TEST((first_of({{"p", only}}).value == only));
  BOOST_TEST((unite({}).value == nullptr));
  BOOST_TEST((first_of({}).value == nullptr));
}

BOOST_AUTO_TEST_CASE(of_two_servers_with_one_name_the_first_is_taken_and_told_of) {
  const auto whole = unite({{"p", make({s1})}, {"q", make({other_s1, s2})}, {"r", make({s2})}});
  BOOST_TEST((whole.value->servers == std::vector{s1, s2}));
  BOOST_TEST(
      (whole.collisions == std::vector{server_of("p", "q", "s1"), server_of("q", "r", "s2")}));
  BOOST_TEST(sentence(whole.collisions.front()) ==
             "server s1 of backend a is named by two providers: p keeps it, that of q is not used; "
             "rename one of them");
}

BOOST_AUTO_TEST_CASE(other_settings_are_told_of_and_not_used) {
  const auto whole = unite({{"p", make({s1})}, {"q", make({s2}, proxy_mode::tcp)}});
  BOOST_TEST((whole.value->settings == backend_settings{}));
  BOOST_TEST((whole.collisions == std::vector<collision>{{"a", "p", "q", contested::settings}}));
}

BOOST_FIXTURE_TEST_CASE(each_server_keeps_its_origin, three) {
  state.fold("q", snapshot({make({s1})}));
  BOOST_TEST(state.owner("a") == "q");
  state.fold("p", snapshot({make({s2})}));
  state.fold("r", snapshot({make({s3}), make({s1}, proxy_mode::http, "alone")}));
  BOOST_TEST(state.server_count() == 4U);
  BOOST_TEST(state.owner("a") == "p");
  BOOST_TEST((state.origins("a") == list{"p", "q", "r"}));
  BOOST_TEST(state.origin("a", "s1") == "q");
  BOOST_TEST(state.origin("a", "s2") == "p");
  BOOST_TEST(state.origin("a", "s9") == "");
  BOOST_TEST((state.origins("alone") == list{"r"}));
  BOOST_TEST(state.page("", "q", 10).backends.size() == 1U);
  BOOST_TEST((state.page("", "r", 10).backends.front().origins == list{"p", "q", "r"}));
  BOOST_TEST(state.page("", "r", 10).backends.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_provider_takes_its_own_servers_away_and_no_others, three) {
  state.fold("p", snapshot({make({s1})}));
  state.fold("q", snapshot({make({s2})}));
  BOOST_TEST((state.fold("p", snapshot({})).changed == names{"a"}));
  BOOST_TEST((state.find("a")->servers == std::vector{s2}));
  BOOST_TEST((state.fold("q", snapshot({})).changed == names{"a"}));
  BOOST_TEST((state.find("a") == nullptr));
}

BOOST_FIXTURE_TEST_CASE(a_server_behind_another_one_takes_its_place_when_that_goes, three) {
  state.fold("p", snapshot({make({s1})}));
  const auto began = state.fold("q", snapshot({make({other_s1})}));
  BOOST_TEST(began.changed.empty());
  BOOST_TEST((began.new_collisions == std::vector{server_of("p", "q", "s1")}));
  BOOST_TEST(state.collision_count("p") == 1U);
  BOOST_TEST(state.collision_count("q") == 1U);
  BOOST_TEST((state.collisions_of("a") == began.new_collisions));
  const auto ended = state.fold("p", snapshot({}));
  BOOST_TEST((ended.ended_collisions == began.new_collisions));
  BOOST_TEST((ended.changed == names{"a"}));
  BOOST_TEST((state.find("a")->servers == std::vector{other_s1}));
  BOOST_TEST(state.collision_count("p") == 0U);
}

BOOST_FIXTURE_TEST_CASE(what_any_of_them_could_not_read_is_unread, three) {
  state.fold("p", snapshot({make({s1})}));
  auto bad = snapshot({make({s2})});
  bad.backends["a"].refused_servers = {"x"};
  BOOST_TEST((state.fold("q", bad).changed == names{"a"}));
  BOOST_TEST((state.unread_of("a").by_name == names{"x"}));
  BOOST_TEST(!state.unread_of("a").servers);
  BOOST_TEST(state.unread_in("p", "a").by_name.empty());
  auto worse = snapshot({make({})});
  worse.backends["a"].settings_refused = true;
  state.fold("r", worse);
  // What servers r has, nobody knows: none that HAProxy has of an earlier run may go.
  BOOST_TEST(state.unread_of("a").servers);
  BOOST_TEST(!state.unread_of("a").settings);
}

BOOST_FIXTURE_TEST_CASE(other_lists_of_united_backends_change_what_is_desired, three) {
  state.fold("p", snapshot({make({s1})}));
  state.fold("q", snapshot({make({s2})}));
  const auto apart = state.configure({"p", "q", "r"}, {});
  BOOST_TEST((apart.changed == names{"a"}));
  BOOST_TEST((apart.new_collisions == std::vector<collision>{{"a", "p", "q"}}));
  BOOST_TEST((state.find("a")->servers == std::vector{s1}));
  BOOST_TEST((state.origins("a") == list{"p"}));
  const auto again = state.configure({"p", "q", "r"}, {"a"});
  BOOST_TEST((again.ended_collisions == apart.new_collisions));
  BOOST_TEST((state.find("a")->servers == std::vector{s1, s2}));
}

BOOST_FIXTURE_TEST_CASE(without_one_of_them_the_others_are_united, three) {
  state.fold("p", snapshot({make({s1})}));
  state.fold("q", snapshot({make({other_s1})}));
  state.fold("r", snapshot({make({s3})}));
  BOOST_TEST((state.without("p", "a")->servers == std::vector{other_s1, s3}));
}

BOOST_AUTO_TEST_CASE(a_route_that_two_lead_to_different_backends_is_a_collision_of_both) {
  desired_state state({"p", "q", "r"});
  const auto of = [](const std::string& owner, const std::string& other, const std::string& place) {
    return collision{"", owner, other, contested::route, "", place};
  };
  state.fold("q", routes_only({{"h", "/", "b"}, {"h", "/x", "b"}, {"", "/", "b"}}));
  const auto began = state.fold("p", routes_only({{"h", "/", "a"}, {"h", "/x", "b"}}));
  BOOST_TEST((began.new_collisions == std::vector{of("p", "q", "h/")}));  // of h/x they agree
  BOOST_TEST(
      (state.routes() == std::vector<route>{{"", "/", "b"}, {"h", "/", "a"}, {"h", "/x", "b"}}));
  BOOST_TEST(sentence(began.new_collisions.front()) ==
             "route h/ leads to another backend in q than in p, which is listed first: that of p "
             "is used; make them equal, or leave it out of one of them");

  // Not those that lead elsewhere than another one that is not used either.
  const auto third = state.fold("r", routes_only({{"h", "/", "a"}, {"", "/", "c"}}));
  BOOST_TEST((third.new_collisions == std::vector{of("q", "r", "/")}));
  BOOST_TEST(state.collision_count("p") == 1U);
  BOOST_TEST(state.collision_count("q") == 2U);
  BOOST_TEST(state.collision_count("r") == 1U);
  const auto revision = state.revision();
  const auto told =
      state.fold("q", routes_only({{"h", "/", "c"}, {"h", "/x", "b"}, {"", "/", "b"}}));
  BOOST_TEST((told.new_collisions.empty() && told.ended_collisions.empty()));
  BOOST_TEST(state.revision() == revision);

  // The next one's takes the place of what the first lets go.
  const auto gone = state.fold("p", routes_only({}));
  BOOST_TEST((gone.ended_collisions == std::vector{of("p", "q", "h/")}));
  BOOST_TEST((gone.new_collisions == std::vector{of("q", "r", "h/")}));
  const auto turned = state.configure({"r", "q"}, {});
  BOOST_TEST((turned.ended_collisions == std::vector{of("q", "r", "/"), of("q", "r", "h/")}));
  BOOST_TEST((turned.new_collisions == std::vector{of("r", "q", "/"), of("r", "q", "h/")}));
  BOOST_TEST((state.configure({"q"}, {}).ended_collisions == turned.new_collisions));
  BOOST_TEST(state.collisions().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::model::united
