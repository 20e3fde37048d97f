// What an apply may remove: nothing of an earlier run until every provider has reported.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_scope_of_an_apply, second_run)

BOOST_AUTO_TEST_CASE(an_earlier_run_stays_as_it_is_until_all_have_reported) {
  apply(backend_of("web", {local_server("s1"), local_server("s3")}), false);
  settle();
  reconcile();
  settle();
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(server("web", "s2") == ready);
  BOOST_TEST(server("old", "o1") == ready);
  BOOST_TEST(line_in_file("s2"));
  BOOST_TEST(line_in_file("s3"));
  BOOST_TEST(line_in_file("o1"));
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(servers_that_this_run_dismissed_go_at_once) {
  apply(backend_of("web", {local_server("s1"), local_server("s3")}), false);
  apply(backend_of("web", {local_server("s3")}), false);
  settle();
  BOOST_TEST(server("web", "s1").empty());
  BOOST_TEST(server("web", "s2") == ready);
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(!line_in_file("s1"));
  BOOST_TEST(line_in_file("s2"));
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(an_earlier_run_survives_a_reload_that_comes_before_all_have_reported) {
  apply(backend_of("web", {local_server("s1")}), false);
  const auto report = apply(of_its_own_kind(backend_of("other", {local_server("x1")})), false);
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST(server("other", "x1") == ready);
  BOOST_TEST(server("web", "s2") == ready);
  BOOST_TEST(server("old", "o1") == ready);
  BOOST_TEST(line_in_file("s2"));
}

BOOST_AUTO_TEST_CASE(the_rest_goes_when_all_have_reported) {
  apply(backend_of("web", {local_server("s1")}), false);
  settle();
  BOOST_REQUIRE(server("web", "s2") == ready);
  const auto report = apply(whole({change(backend_of("web", {local_server("s1")}))}));
  BOOST_TEST(report.reload.has_value() == !haproxy_adds_backends(), words(report));
  settle();
  BOOST_TEST(!backend_exists("old"));
  BOOST_TEST(!file_has("backend old"));
  BOOST_TEST(server("web", "s1") == ready);
  BOOST_TEST(server("web", "s2").empty());
  BOOST_TEST(!line_in_file("s2"));
}

BOOST_AUTO_TEST_CASE(a_backend_that_this_run_dismissed_goes_when_all_have_reported) {
  const auto web = change(web_site::web());
  apply(part({web, change(backend_of("old", {local_server("o1")}))}));
  apply(part({{"old", nullptr}}));
  settle();
  BOOST_TEST(server("old", "o1") == ready);
  apply(whole({web}));
  settle();
  BOOST_TEST(!backend_exists("old"));
  BOOST_TEST(!line_in_file("o1"));
}

BOOST_AUTO_TEST_SUITE_END()
