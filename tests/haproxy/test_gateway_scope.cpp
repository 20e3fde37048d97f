// What an apply may remove: nothing of an earlier run until every provider has reported.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
namespace haproxy = switchyard::haproxy;
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

BOOST_AUTO_TEST_CASE(servers_that_other_settings_took_out_stay_until_all_have_reported) {
  apply(backend_of("web", {local_server("s1"), local_server("s3")}), false);
  auto fewer = change(backend_of("web", {local_server("s3")}));
  fewer.by_settings = true;
  apply(part({fewer}));
  settle();
  BOOST_TEST(server("web", "s1") == ready);
  apply(whole({change(backend_of("web", {local_server("s3")}))}));
  settle();
  BOOST_TEST(server("web", "s1").empty());
}

BOOST_AUTO_TEST_CASE(servers_that_this_run_dismissed_go_also_when_they_are_very_many) {
  const std::size_t many = haproxy::desired_backends::few_dismissed * 3 / 2;
  for (const char* generation : {"a", "b", "c"}) {
    auto web = backend_of("web", {local_server("s1")});
    for (std::size_t i = 0; i < many; ++i)
      web.servers.push_back(local_server(generation + std::to_string(i)));
    switchyard::model::sort_servers(web.servers);
    apply(web, false);
  }
  apply(backend_of("web", {local_server("s1")}), false);
  settle();
  for (const char* generation : {"a", "b", "c"}) {
    BOOST_TEST(server("web", generation + std::to_string(many - 1)).empty());
    BOOST_TEST(!line_in_file(generation + std::to_string(many - 1)));
  }
  BOOST_TEST(server("web", "s2") == ready);
  BOOST_TEST(line_in_file("s2"));
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

BOOST_FIXTURE_TEST_SUITE(gateway_and_the_parts_of_a_burst, web_site)

BOOST_AUTO_TEST_CASE(nothing_leaves_and_nothing_is_reloaded_before_the_last_one) {
  const auto before = worker_pid();
  const auto part_of_burst = [&](const std::vector<haproxy::backend_change>& changes, bool more) {
    auto request = part(changes);
    request.complete = true;
    request.more = more;
    return apply(request);
  };
  const auto one = of_its_own_kind(backend_of("one", {local_server("x1")}));
  const auto two = of_its_own_kind(backend_of("two", {local_server("x1")}));
  BOOST_TEST(!part_of_burst({change(backend_of("web", {local_server("s1")})), change(one)}, true)
                  .reload.has_value());
  // The last part may take its time.
  settle();
  BOOST_TEST(server("web", "s2") == ready);
  BOOST_TEST(worker_pid() == before);
  const auto report = part_of_burst({change(two)}, false);
  BOOST_REQUIRE_MESSAGE(report.reload.has_value(), words(report));
  BOOST_TEST(report.reload_reasons.size() == 2U);
  settle();
  BOOST_TEST(server("web", "s2").empty());
  BOOST_TEST(server("one", "x1") == ready);
  BOOST_TEST(server("two", "x1") == ready);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_whose_file_was_lost, second_run)

BOOST_AUTO_TEST_CASE(what_runs_is_not_reloaded_away_before_all_have_reported) {
  const auto web = change(web_site::web());
  std::filesystem::remove(settings.haproxy.config_file);
  auto report = restart_gateway();
  BOOST_TEST(told(report, "goes on with what it has") == 1U, words(report));
  const auto before = worker_pid();
  apply(part({web}));
  for (int i = 0; i < 3; ++i) {
    settle();
    now += std::chrono::seconds(5);
    report = reconcile();
    BOOST_TEST(report.waiting.empty());
  }
  BOOST_TEST(worker_pid() == before);
  BOOST_TEST(server("old", "o1") == ready);
  apply(whole({web, change(backend_of("old", {local_server("o1")}))}));
  now += std::chrono::seconds(5);
  reconcile();
  BOOST_TEST(another_worker_than(before, *this));
  BOOST_TEST(server("old", "o1") == ready);
  BOOST_TEST(line_in_file("o1"));
}

BOOST_AUTO_TEST_SUITE_END()
