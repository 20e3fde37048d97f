#include "actors/change_origins.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::actors {

namespace {

using std::chrono::milliseconds;

struct bed {
  change_origins origins;
  const change_origins::time_point start{};

  void changed(const std::string& backend, int at_ms = 0, const std::string& provider = "db") {
    origins.changed({backend}, false, provider, start + milliseconds(at_ms));
  }
  void send(const std::vector<std::string>& backends) {
    haproxy::apply_request request;
    for (const auto& name : backends) request.changes.push_back({name, nullptr});
    origins.sent(request);
  }
  attributions answered(int at_ms, const haproxy::apply_report& report = {}) {
    return origins.answered(report, start + milliseconds(at_ms));
  }
  attributions noted(int at_ms, const haproxy::apply_report& report = {}) {
    return origins.noted(report, start + milliseconds(at_ms));
  }
};

haproxy::apply_report waiting_for(const std::string& subject) {
  haproxy::apply_report report;
  report.waiting = {{haproxy::reload_cause::new_backend, subject}};
  return report;
}

haproxy::apply_report unreachable() {
  haproxy::apply_report report;
  report.reachable = false;
  return report;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(origins_of_changes, bed)

BOOST_AUTO_TEST_CASE(a_change_is_the_providers_and_took_from_its_source_to_the_answer) {
  changed("shop", 5);
  send({"shop"});
  const auto whose = answered(12);
  BOOST_TEST((whose == attributions{{"shop", {"db", milliseconds(7)}}}));
  BOOST_TEST(answered(20).empty());
}

BOOST_AUTO_TEST_CASE(what_was_not_sent_yet_is_not_told) {
  changed("shop");
  send({"other"});
  BOOST_TEST(answered(1).empty());
  send({"shop"});
  BOOST_TEST(noted(2).empty());  // a pass of the writer's own before its answer
  BOOST_TEST(answered(3).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_change_that_waits_for_a_reload_is_there_once_that_is_done) {
  changed("shop");
  changed("cart");
  send({"shop", "cart"});
  const auto first = answered(10, waiting_for("shop/s1"));
  BOOST_TEST(!first.at("shop").propagation.has_value());
  BOOST_TEST((first.at("cart").propagation == milliseconds(10)));
  BOOST_TEST(!noted(20, waiting_for("shop")).at("shop").propagation.has_value());
  BOOST_TEST((noted(30).at("shop").propagation == milliseconds(30)));
  BOOST_TEST(noted(40).empty());
}

BOOST_AUTO_TEST_CASE(a_change_reaches_an_haproxy_that_is_away_when_it_is_back) {
  changed("shop");
  send({"shop"});
  BOOST_TEST(!answered(10, unreachable()).at("shop").propagation.has_value());
  BOOST_TEST((noted(500).at("shop").propagation == milliseconds(500)));
}

BOOST_AUTO_TEST_CASE(what_haproxy_refuses_is_never_counted_as_there) {
  changed("shop");
  send({"shop"});
  haproxy::apply_report refused;
  refused.notices.push_back(
      {haproxy::severity::warning, "HAProxy refuses it", {haproxy::matter::server, "shop", "s1"}});
  const auto whose = answered(1, refused);
  BOOST_TEST(whose.at("shop").provider == "db");
  BOOST_TEST(!whose.at("shop").propagation.has_value());
  BOOST_TEST(noted(2).empty());
}

BOOST_AUTO_TEST_CASE(of_changes_that_fold_the_earliest_moment_and_the_last_provider_count) {
  changed("shop", 1, "first");
  changed("shop", 2, "second");
  send({"shop"});
  answered(3, waiting_for("shop"));
  changed("shop", 4, "third");
  send({"shop"});
  BOOST_TEST((answered(11) == attributions{{"shop", {"third", milliseconds(10)}}}));
}

BOOST_AUTO_TEST_CASE(what_was_lost_with_a_writer_goes_with_the_next_request_for_everything) {
  changed("shop");
  send({"shop"});
  origins.lost();
  haproxy::apply_request everything;
  everything.full = true;
  origins.sent(everything);
  BOOST_TEST((answered(9).at("shop").propagation == milliseconds(9)));
}

BOOST_AUTO_TEST_CASE(routes_are_one) {
  origins.changed({}, true, "db", start);
  send({"shop"});
  BOOST_TEST(answered(1).empty());
  haproxy::apply_request request;
  request.routes = std::make_shared<const std::vector<model::route>>();
  origins.sent(request);
  BOOST_TEST((answered(2).at(change_origins::routes).propagation == milliseconds(2)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
