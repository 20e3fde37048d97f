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

BOOST_AUTO_TEST_CASE(one_that_comes_back_takes_what_waits) {
  auto full = limited_server("a");
  auto back = server("b");
  back.state = server_state::drain;
  auto actual = running({full, back});
  actual.servers["b"].maxconn = no_limit;
  back.state = server_state::ready;
  const texts returns{"set server b/b state ready", "set maxconn server b/b 10000000"};
  expect_plan(plan_backend(backend({full, back}), &actual, settings, options), returns);
  // In place of the other one.
  full.state = server_state::drain;
  expect_plan(plan_backend(backend({full, back}), &actual, settings, options),
              {"set server b/b state ready", "set server b/a state drain",
               "set maxconn server b/b 10000000"});
  actual = running({limited_server("a"), server("b")});
  actual.servers["b"].maxconn = no_limit;
  actual.servers["b"].now.weight = 0;
  expect_plan(plan_backend(backend({limited_server("a"), server("b")}), &actual, settings, options),
              {"set server b/b weight 100", "set maxconn server b/b 10000000"});
}

BOOST_AUTO_TEST_CASE(what_waits_goes_to_those_that_haproxy_gives_requests) {
  const auto relief = [](const model::backend& wanted, const actual_backend& actual) {
    return lines(plan_relief(wanted, actual));
  };
  const texts backups{"set maxconn server b/b 10000000", "set maxconn server b/c 10000000"};
  // Of backups one that is not known.
  BOOST_TEST(relief(backend({spare("b"), spare("c")}),
                    running({limited_server("a"), spare("b"), spare("c")})) == backups,
             boost::test_tools::per_element());
  auto actual = running({spare("b"), spare("c"), server("d")});
  const auto wanted = backend({spare("b"), spare("c"), server("d")});
  BOOST_TEST(relief(wanted, actual) == texts{"set maxconn server b/d 10000000"},
             boost::test_tools::per_element());
  actual.servers["d"].now.up = false;
  BOOST_TEST(relief(wanted, actual) == backups, boost::test_tools::per_element());
  // One without a limit rather than one that may be full.
  BOOST_TEST(relief(backend({limited_server("b"), server("c")}),
                    running({limited_server("b"), server("c")})) ==
                 texts{"set maxconn server b/c 10000000"},
             boost::test_tools::per_element());
  BOOST_TEST(relief(backend({limited_server("b"), limited_server("c")}),
                    running({limited_server("b"), limited_server("c")})) ==
                 (texts{"set maxconn server b/b 5", "set maxconn server b/c 5"}),
             boost::test_tools::per_element());
  BOOST_TEST(relief(backend({}), running({limited_server("a")})).empty());
}

BOOST_AUTO_TEST_CASE(one_of_which_no_limit_is_known_may_have_one) {
  auto actual = running({server("a"), server("b")});
  BOOST_TEST(!has_limits(backend({}), actual));
  actual.servers["a"].maxconn.reset();
  BOOST_TEST(has_limits(backend({}), actual));
  BOOST_TEST(!rests_with_limit(actual));
  actual.servers["a"].now.state = server_state::drain;
  BOOST_TEST(rests_with_limit(actual));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy::plans
