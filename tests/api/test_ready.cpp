#include <boost/test/unit_test.hpp>

#include "api/status.hpp"

namespace switchyard::api {

namespace {

using sentences = std::vector<std::string>;

status at_the_start() {
  status s;
  s.haproxy.reachable = false;
  s.providers.emplace_back().name = "db";
  return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ready)

BOOST_AUTO_TEST_CASE(a_start_waits_for_a_view_an_apply_and_haproxy) {
  auto s = at_the_start();
  BOOST_TEST(
      (not_ready(s) == sentences{"nothing has been applied yet", "no provider has reported yet",
                                 "HAProxy does not answer"}));
  s.providers.front().reported = true;
  s.haproxy.reachable = true;
  BOOST_TEST((not_ready(s) == sentences{"nothing has been applied yet"}));
  s.applies = 1;
  BOOST_TEST(not_ready(s).empty());
}

BOOST_AUTO_TEST_CASE(one_provider_or_its_last_good_view_is_enough_and_the_others_are_told_of) {
  auto s = at_the_start();
  s.applies = 1;
  s.haproxy.reachable = true;
  s.providers.emplace_back().name = "hosts";
  s.providers.back().reported = true;
  BOOST_TEST(not_ready(s).empty());
  s.providers.back().reported = false;
  BOOST_TEST((not_ready(s) == sentences{"no provider has reported yet"}));
  s.providers.back().last_good.emplace();
  BOOST_TEST(not_ready(s).empty());
  BOOST_TEST(degraded(s).size() >= 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
