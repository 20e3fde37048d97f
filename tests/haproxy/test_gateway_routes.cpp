// Many routes at once: the map is replaced as a whole, or stays as it was.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "haproxy/routes.hpp"
#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
namespace haproxy = switchyard::haproxy;
namespace model = switchyard::model;

struct routed_site : gateway_site {
  static constexpr int many = 300;

  routed_site() : gateway_site({.tapped = true}) {
    begin({web_site::web(), backend_of("shop", {local_server("s1")})});
    apply_all_to("web");
    settle();
    BOOST_REQUIRE(all_lead_to("web"));
  }

  haproxy::apply_report apply_all_to(const std::string& backend) {
    return apply_all_to(backend, backend);
  }
  /// The first of them to another one.
  haproxy::apply_report apply_all_to(const std::string& backend, const std::string& first) {
    std::vector<model::route> routes;
    for (int i = 0; i < many; ++i)
      routes.push_back({"h" + std::to_string(i), "/", i == 0 ? first : backend});
    haproxy::apply_request request;
    request.complete = true;
    request.routes = std::make_shared<const std::vector<model::route>>(std::move(routes));
    return apply(request);
  }
  std::string map_file() const { return path("haproxy.routes.map"); }
  bool all_lead_to(const std::string& backend) const {
    haproxy::route_entries wanted;
    for (int i = 0; i < many; ++i) wanted["h" + std::to_string(i) + "/"] = backend;
    const auto has = haproxy::parse_map(command("show map " + map_file()));
    return has && *has == wanted;
  }
};

/// After the first failure, with all of its jitter.
constexpr std::chrono::seconds longest_first_wait{1};

/// How many commands began so since the test began.
class counted_commands {
 public:
  explicit counted_commands(const wiretap& tap) : tap_(tap) {
    for (const auto* c : {"prepare map", "add map @", "commit map", "set map", "clear map @"})
      before_[c] = tap.count(c);
  }
  std::size_t of(const std::string& command) const {
    return tap_.count(command) - before_.at(command);
  }

 private:
  const wiretap& tap_;
  std::map<std::string, std::size_t> before_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_and_many_routes, routed_site)

BOOST_AUTO_TEST_CASE(they_come_in_one_version_of_the_map) {
  const counted_commands sent(tap());
  const auto report = apply_all_to("shop");
  BOOST_TEST(report.routes == static_cast<std::size_t>(many), words(report));
  BOOST_TEST(all_lead_to("shop"));
  settle();
  reconcile();
  BOOST_TEST(sent.of("prepare map") == 1U);
  BOOST_TEST(sent.of("add map @") == static_cast<std::size_t>(many));
  BOOST_TEST(sent.of("commit map") == 1U);
  BOOST_TEST(sent.of("set map") == 0U);
}

BOOST_AUTO_TEST_CASE(a_version_that_cannot_be_filled_is_given_up_and_comes_with_a_later_look) {
  const counted_commands sent(tap());
  tap().answer_with("add map @", "odd");
  auto report = apply_all_to("shop");
  BOOST_TEST(told(report, "cannot be changed: ") == 1U, words(report));
  BOOST_TEST(told(report, "odd") == 1U, words(report));
  BOOST_TEST(sent.of("clear map @") == 1U);
  BOOST_TEST(sent.of("commit map") == 0U);
  BOOST_TEST(all_lead_to("web"));
  tick_after(read_after);
  reconcile();
  BOOST_TEST(sent.of("prepare map") == 1U);
  now += longest_first_wait;
  report = reconcile();
  BOOST_TEST(all_lead_to("shop"), words(report));
  BOOST_TEST(sent.of("prepare map") == 2U);
  BOOST_TEST(sent.of("commit map") == 1U);
  BOOST_TEST(report.troubles.empty());
  BOOST_TEST(report.repairs.empty());  // nobody had changed anything
}

BOOST_AUTO_TEST_CASE(each_time_it_is_given_up_the_wait_grows) {
  const counted_commands sent(tap());
  tap().answer_with("add map @", "odd");
  apply_all_to("shop");
  tap().answer_with("add map @", "odd");
  now += longest_first_wait;
  auto report = reconcile();
  BOOST_TEST(sent.of("prepare map") == 2U);
  BOOST_TEST(report.repairs.empty());
  now += longest_first_wait - std::chrono::milliseconds(1);
  reconcile();
  BOOST_TEST(sent.of("prepare map") == 2U);
  now += longest_first_wait + std::chrono::milliseconds(1);
  reconcile();
  BOOST_TEST(sent.of("prepare map") == 3U);
  BOOST_TEST(all_lead_to("shop"));
}

BOOST_AUTO_TEST_CASE(other_routes_need_not_wait) {
  tap().answer_with("add map @", "odd");
  apply_all_to("shop");
  apply_all_to("web");
  const auto report = apply_all_to("shop");
  BOOST_TEST(all_lead_to("shop"), words(report));
}

BOOST_AUTO_TEST_CASE(what_is_given_up_repairs_nothing) {
  command("clear map " + map_file());
  tap().answer_with("add map @", "odd");
  const auto report = reconcile();
  BOOST_TEST(told(report, "cannot be changed: ") == 1U, words(report));
  BOOST_TEST(report.repairs.empty());
}

BOOST_AUTO_TEST_CASE(one_that_was_refused_is_not_put_back_and_one_that_somebody_changed_is) {
  tap().answer_with("set map", "odd");
  auto report = apply_all_to("web", "shop");
  BOOST_TEST(told(report, "odd") == 1U, words(report));
  tick_after(read_after);
  now += longest_first_wait;
  report = reconcile();
  BOOST_TEST(told(report, "route h0/ leads to shop, no longer to web") == 1U, words(report));
  BOOST_TEST(told(report, "put back") == 0U, words(report));
  BOOST_TEST(report.repairs.empty());
  command("set map " + map_file() + " h9/ shop");
  report = reconcile();
  BOOST_TEST(told(report, "route h9/ leads to web, no longer to shop, put back") == 1U,
             words(report));
  BOOST_TEST((report.repairs == std::map<std::string_view, std::uint64_t>{{"set map", 1}}));
}

BOOST_AUTO_TEST_SUITE_END()
