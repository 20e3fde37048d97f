// What an apply may remove: nothing of an earlier run until every provider has reported.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "tests/haproxy/gateway_site.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
namespace haproxy = switchyard::haproxy;
namespace model = switchyard::model;

constexpr const char* ready = "127.0.0.1:1 100 ready";
constexpr milliseconds saved_after{250};

haproxy::backend_change change(const model::backend& b) {
  return {b.name, std::make_shared<const model::backend>(b)};
}

/// Some backends, while a provider has not reported yet.
haproxy::apply_request part(std::vector<haproxy::backend_change> changes) {
  haproxy::apply_request request;
  request.changes = std::move(changes);
  return request;
}

/// Everything, when all have.
haproxy::apply_request whole(std::vector<haproxy::backend_change> changes) {
  auto request = part(std::move(changes));
  request.full = true;
  request.complete = true;
  return request;
}

/// An earlier run left the backends "web" (s1, s2) and "old" (o1); this one knows nothing yet.
struct second_run : gateway_site {
  second_run() {
    begin({web_site::web(), backend_of("old", {local_server("o1")})});
    restart_gateway();
    worker = worker_pid();
  }
  /// Lets the drains, the save and the reloads happen that are due within a second.
  void settle() {
    const auto until = now + std::chrono::seconds(1);
    std::size_t ticks = 0;
    while (gateway().next_work() && *gateway().next_work() <= until) {
      now = std::max(now, *gateway().next_work());
      tick();
      BOOST_REQUIRE(++ticks < 50U);
    }
  }
  bool line_in_file(std::string_view name) const {
    return file_has("    server " + std::string(name) + " ");
  }
  pid_t worker = 0;
};

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
  const auto report = apply(backend_of("other", {local_server("x1")}), false);
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
  BOOST_TEST(report.reload.has_value(), words(report));
  BOOST_TEST(!backend_exists("old"));
  BOOST_TEST(!file_has("backend old"));
  settle();
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
