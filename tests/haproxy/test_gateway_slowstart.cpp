// A server that comes into rotation gets its share of traffic little by little.

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
namespace model = switchyard::model;

struct slow_site : gateway_site {
  slow_site() { begin({slow()}); }

  static model::backend slow(const std::vector<model::server>& more = {}) {
    auto b = web_site::web(more);
    b.settings.slowstart = std::chrono::hours(1);
    return b;
  }
  /// What HAProxy takes for its weight at this moment.
  int weight_now(std::string_view name) const { return std::stoi(stat("web", name, "weight")); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_slowstart, slow_site)

BOOST_AUTO_TEST_CASE(one_that_is_added_begins_with_little_and_those_of_the_file_do_not) {
  const auto worker = worker_pid();
  const auto report = apply(slow({local_server("s3")}));
  BOOST_TEST(report.waiting.empty(), words(report));
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(weight_now("s3") > 0);
  BOOST_TEST(weight_now("s3") < 50);
  BOOST_TEST(weight_now("s1") == 100);
  BOOST_TEST(worker_pid() == worker);
  BOOST_TEST(!reconcile().reload.has_value());
  BOOST_TEST(reconcile().repaired == 0U);
}

BOOST_AUTO_TEST_CASE(one_that_comes_back_begins_with_little_as_well) {
  auto resting = slow();
  resting.servers.front().state = model::server_state::maint;
  apply(resting);
  BOOST_TEST(server("web", "s1") != ready);
  apply(slow());
  BOOST_TEST(server("web", "s1") == ready);
  BOOST_TEST(weight_now("s1") < 50);
  BOOST_TEST(weight_now("s2") == 100);
}

BOOST_AUTO_TEST_SUITE_END()
