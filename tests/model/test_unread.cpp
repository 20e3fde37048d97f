#include <boost/test/unit_test.hpp>

#include "model/desired_state.hpp"

namespace switchyard::model::unread_versions {

namespace {

using names = std::set<std::string>;

const server s1{"s1", "10.0.0.1", 80};
const server s2{"s2", "10.0.0.2", 80};

backend_event event(std::vector<server> servers = {s1}) {
  return {std::make_shared<const backend>(backend{"a", {}, std::move(servers)}), false, false, {}};
}

backend_event without_settings() {
  auto e = event();
  e.settings_refused = true;
  return e;
}

backend_event without_servers() {
  auto e = event({});
  e.servers_refused = true;
  return e;
}

backend_event without(names servers, std::vector<server> others = {s1}) {
  auto e = event(std::move(others));
  e.refused_servers = std::move(servers);
  return e;
}

report one(const backend_event& e, bool full = true) {
  report r;
  r.full = full;
  r.backends["a"] = e;
  return r;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(unread_parts)

BOOST_AUTO_TEST_CASE(what_was_never_read_is_unread) {
  desired_state state({"p"});
  BOOST_TEST((state.fold("p", one(without({"s2"}))).changed == names{"a"}));
  BOOST_TEST((state.unread_of("a") == unread{false, false, {"s2"}}));
  BOOST_TEST((state.unread_of("a").covers("s2") && !state.unread_of("a").covers("s3")));
  BOOST_TEST(state.unread_backends().empty());
  BOOST_TEST(!state.unread_of("b").any());
}

BOOST_AUTO_TEST_CASE(what_has_a_last_good_version_is_not) {
  desired_state state({"p"});
  state.fold("p", one(event({s1, s2})));
  state.fold("p", one(without({"s2"})));
  BOOST_TEST(!state.unread_of("a").any());
  state.fold("p", one(without_servers()));
  state.fold("p", one(without_settings()));
  BOOST_TEST(!state.unread_of("a").any());
}

BOOST_AUTO_TEST_CASE(a_server_is_read_or_gone_and_the_backend_is_planned_anew) {
  desired_state state({"p"});
  state.fold("p", one(without({"s2"})));
  const auto gone = state.fold("p", one(event()));
  BOOST_TEST((gone.changed == names{"a"} && !state.unread_of("a").any()));
  state.fold("p", one(without({"s2"}), false));
  BOOST_TEST(state.unread_of("a").any());
  state.fold("p", one(event({s1, s2}), false));
  BOOST_TEST(!state.unread_of("a").any());
  BOOST_TEST(state.fold("p", one(event({s1, s2}))).changed.empty());
}

BOOST_AUTO_TEST_CASE(a_backend_without_settings_is_unread_until_they_can_be_read) {
  desired_state state({"p"});
  BOOST_TEST((state.fold("p", one(without_settings())).changed == names{"a"}));
  BOOST_TEST((state.find("a") == nullptr));
  BOOST_TEST((state.unread_backends() == names{"a"}));
  BOOST_TEST(state.unread_of("a").covers("any"));
  BOOST_TEST(state.fold("p", one(without_settings())).changed.empty());
  state.fold("p", one(event()));
  BOOST_TEST((state.find("a") != nullptr && state.unread_backends().empty()));
}

BOOST_AUTO_TEST_CASE(a_list_of_servers_stays_unread_while_it_cannot_be_read) {
  desired_state state({"p"});
  state.fold("p", one(without_servers()));
  BOOST_TEST((state.find("a") != nullptr));
  state.fold("p", one(without_servers()));
  BOOST_TEST((state.unread_of("a") == unread{false, true, {}}));
  // Then a list with one bad server, then none at all: that server is still not known.
  state.fold("p", one(without({"s2"})));
  BOOST_TEST((state.unread_of("a") == unread{false, false, {"s2"}}));
  state.fold("p", one(without_servers()));
  BOOST_TEST((state.unread_of("a") == unread{false, false, {"s2"}}));
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_does_not_name_the_backend_ends_it) {
  desired_state state({"p"});
  state.fold("p", one(without_settings()));
  report empty;
  empty.full = true;
  BOOST_TEST((state.fold("p", empty).changed == names{"a"}));
  BOOST_TEST(state.unread_backends().empty());
  state.fold("p", one(without_settings()));
  BOOST_TEST((state.fold("p", one({}, false)).changed == names{"a"}));
  BOOST_TEST(state.unread_backends().empty());
}

BOOST_AUTO_TEST_CASE(the_provider_whose_version_is_used_says_what_is_unread) {
  desired_state state({"p", "q"});
  state.fold("p", one(without_settings()));
  state.fold("q", one(without({"s2"})));
  BOOST_TEST((state.find("a") != nullptr && state.unread_backends().empty()));
  BOOST_TEST((state.unread_of("a") == unread{false, false, {"s2"}}));
  BOOST_TEST((state.configure({"p"}, {}).changed == names{"a"}));
  BOOST_TEST((state.unread_backends() == names{"a"}));
}

BOOST_AUTO_TEST_CASE(routes_are_unread_without_a_last_good_version) {
  desired_state state({"p"});
  report r;
  r.routes = {{"a", "/", "x"}};
  state.fold("p", r);
  r.routes->clear();
  r.refused_routes = {{"a", "/"}, {"c", "/"}};
  BOOST_TEST(state.fold("p", r).routes_changed);
  BOOST_TEST((state.unread_routes() == std::set<std::pair<std::string, std::string>>{{"c", "/"}}));
  BOOST_TEST(!state.fold("p", r).routes_changed);
  r.refused_routes.clear();
  BOOST_TEST(state.fold("p", r).routes_changed);
  BOOST_TEST(state.unread_routes().empty());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace switchyard::model::unread_versions
