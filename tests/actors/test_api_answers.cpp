#include "actors/api_answers.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace switchyard::actors {

namespace {

using texts = std::vector<std::string>;

api::haproxy_status answering() {
  api::haproxy_status haproxy;
  haproxy.reachable = true;
  return haproxy;
}

model::edit change_of(const std::string& backend) {
  model::edit change;
  change.backend = backend;
  return change;
}

model::edit routes_to(const std::string& backend) {
  model::edit change;
  change.what = model::edit::kind::put_routes;
  change.routes = {{"h", "/", backend}};
  return change;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_answers)

BOOST_AUTO_TEST_CASE(a_change_waits_for_the_reload_that_brings_its_backend_and_for_no_other) {
  auto haproxy = answering();
  haproxy.waiting = {"changed settings own [balance leastconn]"};
  haproxy.awaiting = std::make_shared<const std::map<std::string, std::string>>(
      std::map<std::string, std::string>{{"own", haproxy.waiting.front()}});
  const texts reload{"a reload: changed settings own [balance leastconn]"};
  BOOST_TEST(missing_in(haproxy, touched_by(change_of("own"))) == reload,
             boost::test_tools::per_element());
  BOOST_TEST(missing_in(haproxy, touched_by(routes_to("own"))) == reload,
             boost::test_tools::per_element());
  BOOST_TEST(missing_in(haproxy, touched_by(change_of("ow"))).empty());
  BOOST_TEST(missing_in(haproxy, touched_by(routes_to("other"))).empty());
}

BOOST_AUTO_TEST_CASE(what_haproxy_refuses_is_not_there) {
  auto haproxy = answering();
  haproxy.refused = std::make_shared<const std::set<std::string>>(std::set<std::string>{"own"});
  const auto missing = missing_in(haproxy, touched_by(change_of("own")));
  BOOST_REQUIRE(missing.size() == 1U);
  BOOST_TEST(missing.front() ==
             "HAProxy, which refuses what backend own needs; switchyard's log says why");
  BOOST_TEST(missing_in(haproxy, touched_by(change_of("other"))).empty());
}

BOOST_AUTO_TEST_CASE(routes_that_haproxy_does_not_take_are_not_there) {
  auto haproxy = answering();
  haproxy.routes_refused = true;
  BOOST_TEST(missing_in(haproxy, touched_by(routes_to("own"))).size() == 1U);
  BOOST_TEST(missing_in(haproxy, touched_by(change_of("own"))).empty());
}

BOOST_AUTO_TEST_CASE(nothing_is_there_while_haproxy_does_not_answer) {
  const texts haproxy{"HAProxy, which does not answer"};
  BOOST_TEST(missing_in({}, touched_by(change_of("own"))) == haproxy,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_pass_with_a_change_has_its_backend_or_routes) {
  api::write_result change;
  change.revision = 7;
  api::apply_status pass;
  pass.kind = "changes";
  pass.revision = 7;
  pass.backends = {"own"};
  BOOST_TEST(brought(pass, change, touched_by(change_of("own"))));
  BOOST_TEST(!brought(pass, change, touched_by(change_of("other"))));
  BOOST_TEST(!brought(pass, change, touched_by(routes_to("own"))));
  pass.routes = 1;
  BOOST_TEST(brought(pass, change, touched_by(routes_to("own"))));
  pass.revision = 6;
  BOOST_TEST(!brought(pass, change, touched_by(change_of("own"))));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
