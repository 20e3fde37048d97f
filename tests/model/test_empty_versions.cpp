// A backend that one provider names without servers, and another one with some.

#include <boost/test/unit_test.hpp>

#include "model/desired_state.hpp"

namespace switchyard::model::empty_versions {

namespace {

const server s1{"s1", "10.0.0.1", 80};

backend_ptr make(std::vector<server> servers, proxy_mode mode = proxy_mode::http) {
  backend b{"a", {}, std::move(servers)};
  b.settings.mode = mode;
  return std::make_shared<const backend>(std::move(b));
}

report says(backend_event event, bool full = true) {
  report r;
  r.full = full;
  r.backends["a"] = std::move(event);
  return r;
}

report says(backend_ptr value) {
  backend_event event;
  event.value = std::move(value);
  return says(std::move(event));
}

using names = std::set<std::string>;

/// Providers p and q; q has the server.
struct two {
  two() { state.fold("q", says(make({s1}))); }
  desired_state state{{"p", "q"}};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(versions_without_servers, two)

BOOST_AUTO_TEST_CASE(one_that_goes_before_takes_no_servers_away) {
  const auto result = state.fold("p", says(make({}, proxy_mode::tcp)));
  BOOST_TEST(result.changed.empty());
  BOOST_TEST((result.new_collisions == std::vector<collision>{{"a", "q", "p"}}));
  BOOST_TEST((*state.find("a") == *make({s1})));  // as a whole, with its settings
  BOOST_TEST(state.owner("a") == "q");
  BOOST_TEST((state.origins("a") == std::vector<std::string>{"q"}));
  BOOST_TEST(state.origin("a", "s1") == "q");
}

BOOST_AUTO_TEST_CASE(it_is_the_owner_again_with_its_first_server) {
  state.fold("p", says(make({})));
  const server own{"own", "10.0.0.9", 80};
  const auto result = state.fold("p", says(make({own})));
  BOOST_TEST((result.changed == names{"a"}));
  BOOST_TEST((result.ended_collisions == std::vector<collision>{{"a", "q", "p"}}));
  BOOST_TEST((result.new_collisions == std::vector<collision>{{"a", "p", "q"}}));
  BOOST_TEST((state.find("a")->servers == std::vector{own}));
  state.fold("p", says(make({})));
  BOOST_TEST(state.owner("a") == "q");
}

BOOST_AUTO_TEST_CASE(without_the_one_that_is_used_the_next_that_has_servers_stands_in) {
  desired_state three({"p", "q", "r"});
  const server other{"other", "10.0.0.7", 80};
  three.fold("p", says(make({})));
  three.fold("q", says(make({s1})));
  three.fold("r", says(make({other})));
  BOOST_TEST(three.owner("a") == "q");
  BOOST_TEST((*three.without("q", "a") == *make({other})));
  BOOST_TEST((*three.without("r", "a") == *make({s1})));
}

BOOST_AUTO_TEST_CASE(where_nobody_has_servers_the_first_is_used) {
  state.fold("q", says(make({})));
  state.fold("p", says(make({}, proxy_mode::tcp)));
  BOOST_TEST(state.owner("a") == "p");
  BOOST_TEST((state.find("a")->settings.mode == proxy_mode::tcp));
}

BOOST_AUTO_TEST_CASE(servers_that_take_no_traffic_are_servers) {
  auto away = s1;
  away.state = server_state::maint;
  state.fold("p", says(make({away})));
  BOOST_TEST(state.owner("a") == "p");
}

BOOST_AUTO_TEST_CASE(servers_that_could_not_be_read_are_not_missing) {
  backend_event event;
  event.value = make({});
  event.refused_servers = {"s9"};
  state.fold("p", says(event));
  BOOST_TEST(state.owner("a") == "p");
  BOOST_TEST((state.unread_of("a") == unread{false, false, {"s9"}}));
  // Read now, and not there: the version itself is the same.
  BOOST_TEST((state.fold("p", says({make({})})).changed == names{"a"}));
  BOOST_TEST(state.owner("a") == "q");
  BOOST_TEST(!state.unread_of("a").any());
  BOOST_TEST((*state.find("a") == *make({s1})));
}

BOOST_AUTO_TEST_CASE(of_a_united_backend_the_settings_are_those_of_the_first_all_the_same) {
  state.configure({"p", "q"}, {"a"});
  state.fold("p", says(make({}, proxy_mode::tcp)));
  BOOST_TEST((*state.find("a") == *make({s1}, proxy_mode::tcp)));
  BOOST_TEST((state.origins("a") == std::vector<std::string>{"p", "q"}));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace switchyard::model::empty_versions
