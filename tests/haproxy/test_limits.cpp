#include "haproxy/limits.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/haproxy/plans.hpp"

namespace switchyard::haproxy::plans {

namespace {

using model::server_state;

model::server limited_server(const std::string& name) {
  auto s = server(name);
  s.maxconn = 5;
  return s;
}

model::server spare(const std::string& name) {
  auto s = server(name);
  s.backup = true;
  return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(limits_and_queues)

BOOST_AUTO_TEST_CASE(a_limit_that_nothing_reaches_is_none) {
  BOOST_TEST(!limits(0));
  BOOST_TEST(limits(1));
  BOOST_TEST(!limits(no_limit));
  BOOST_TEST(same_limit(0, no_limit));
  BOOST_TEST(!same_limit(0, 5));
  BOOST_TEST(given_maxconn(0, true) == no_limit);
  BOOST_TEST(given_maxconn(0, false) == 0U);
  BOOST_TEST(given_maxconn(5, true) == 5U);
}

BOOST_AUTO_TEST_CASE(servers_beside_one_with_a_limit_are_given_one) {
  auto actual = running({server("a")});
  const auto wanted = backend({server("a"), limited_server("b"), server("c")});
  const auto p = plan_backend(wanted, &actual, settings, options);
  expect_plan(
      p, {"set maxconn server b/a 10000000",
          "add server b/b 10.0.0.1:80 weight 100 maxconn 5 " + options, "enable health b/b",
          "enable server b/b", "add server b/c 10.0.0.1:80 weight 100 maxconn 10000000 " + options,
          "enable health b/c", "enable server b/c"});
  for (const auto& done : p.steps) note_done(actual, done);
  expect_plan(plan_backend(wanted, &actual, settings, options), {});
  // Once the limits are gone there is nothing to take back.
  actual.servers.erase("b");
  expect_plan(plan_backend(backend({server("a"), server("c")}), &actual, settings, options), {});
}

BOOST_AUTO_TEST_CASE(one_that_stays_takes_what_waits_for_one_that_rests) {
  auto resting = limited_server("a");
  resting.state = server_state::drain;
  auto stays = running({limited_server("a"), server("b"), server("c")});
  stays.servers["b"].now.up = false;
  for (const auto* name : {"b", "c"}) stays.servers[name].maxconn = no_limit;
  expect_plan(plan_backend(backend({resting, server("b"), server("c")}), &stays, settings, options),
              {"set server b/a state drain", "set maxconn server b/c 10000000"});
  // One without a limit lets nobody wait.
  auto free = server("a");
  free.state = server_state::drain;
  auto unlimited = running({server("a"), server("b")});
  expect_plan(plan_backend(backend({free, server("b")}), &unlimited, settings, options),
              {"set server b/a state drain"});
}

BOOST_AUTO_TEST_CASE(backups_take_what_waits_where_nobody_else_is_left) {
  const auto wanted = backend({spare("b"), spare("c")});
  const auto relief = plan_relief(wanted, running({limited_server("a"), spare("b"), spare("c")}));
  BOOST_TEST(lines(relief) ==
                 (texts{"set maxconn server b/b 10000000", "set maxconn server b/c 10000000"}),
             boost::test_tools::per_element());
  BOOST_TEST(
      lines(plan_relief(backend({spare("b"), server("d")}), running({spare("b"), server("d")}))) ==
          texts{"set maxconn server b/d 10000000"},
      boost::test_tools::per_element());
  BOOST_TEST(plan_relief(backend({}), running({limited_server("a")})).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy::plans
