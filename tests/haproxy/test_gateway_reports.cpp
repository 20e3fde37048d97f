// What a report tells those who make log lines, events and metrics of it.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
namespace haproxy = switchyard::haproxy;
using haproxy::matter;
using repairs = std::map<std::string_view, std::uint64_t>;

bool tells_of(const haproxy::apply_report& report, const haproxy::subject& whom) {
  return std::ranges::any_of(report.notices, [&](const auto& n) { return n.about == whom; });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_reports, web_site)

BOOST_AUTO_TEST_CASE(an_apply_tells_its_commands_and_whom_they_are_about) {
  const auto report = apply(web({local_server("s3")}));
  BOOST_TEST((report.commands.at("add server") == haproxy::command_results{1, 0, 0}));
  BOOST_TEST(report.repairs.empty());
  BOOST_TEST(tells_of(report, {matter::server, "web", "s3"}), words(report));
  BOOST_TEST(reconcile().commands.empty());  // each pass counts its own
}

BOOST_AUTO_TEST_CASE(a_reconcile_tells_its_repairs_by_kind) {
  command("set server web/s1 weight 7");
  command("set server web/s2 state drain");
  const auto report = reconcile();
  BOOST_TEST((report.repairs == repairs{{"set server weight", 1}, {"set server state", 1}}));
  BOOST_TEST(report.repaired == 2U);
  BOOST_TEST(tells_of(report, {matter::server, "web", "s1"}), words(report));
  BOOST_TEST(told(report, "weight 100, put back") == 1U, words(report));
}

BOOST_AUTO_TEST_CASE(what_is_repaired_after_reading_back_counts_as_well) {
  apply(web({local_server("s3")}));
  command("set server web/s3 weight 7");
  command("set server web/s1 state maint");
  const auto report = tick_after(read_after);
  BOOST_TEST((report.repairs == repairs{{"set server weight", 1}, {"set server state", 1}}));
  BOOST_TEST(report.repaired == 2U);
}

BOOST_AUTO_TEST_CASE(a_change_that_nobody_disturbs_repairs_nothing) {
  auto weighted = local_server("s3");
  weighted.weight = 7;
  auto drained = local_server("s1");
  drained.state = switchyard::model::server_state::drain;
  const std::vector<switchyard::model::backend> series{web({local_server("s3")}),
                                                       web({weighted}),
                                                       backend_of("web", {drained, weighted}),
                                                       web({local_server("s4")}),
                                                       backend_of("web", {local_server("s5")}),
                                                       web()};
  unsigned commands = 0;
  const auto look_at = [&](const haproxy::apply_report& report) {
    commands += report.steps;
    BOOST_TEST(report.repaired == 0U, words(report));
    BOOST_TEST(report.repairs.empty(), words(report));
  };
  for (const auto& next : series) {
    look_at(apply(next));
    look_at(tick_after(read_after));
    look_at(reconcile());
    while (gateway().next_work()) {
      now = std::max(now, *gateway().next_work());
      look_at(tick());
    }
  }
  BOOST_TEST(commands > 10U);
}

BOOST_AUTO_TEST_CASE(a_reload_tells_its_reasons_and_its_time) {
  const auto report = apply(of_its_own_kind(backend_of("other", {local_server("x")})));
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST((report.reload_reasons ==
              std::vector<haproxy::reload_reason>{{haproxy::reload_cause::new_backend, "other"}}));
  BOOST_TEST((report.reload_took == report.reload->took));
  BOOST_TEST(tells_of(report, {matter::reload}), words(report));
}

BOOST_AUTO_TEST_CASE(a_reload_for_the_frontends_says_so) {
  settings.frontends.front().binds.emplace_back().port = free_port();
  settings.frontends.front().binds.back().address = "127.0.0.1";
  gateway().configure(settings, now);
  const auto report = tick_after(std::chrono::seconds(2));
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST((report.reload_reasons ==
              std::vector<haproxy::reload_reason>{{haproxy::reload_cause::changed_head, ""}}));
}

BOOST_AUTO_TEST_CASE(a_reload_of_what_haproxy_has_not_read_says_so) {
  const auto before = file();
  BOOST_REQUIRE(apply(of_its_own_kind(backend_of("other", {local_server("x")}))).reload);
  const auto after = file();
  now += std::chrono::minutes(1);  // past what the reload took
  write_text(settings.haproxy.config_file, before);
  reload_by_hand();
  write_text(settings.haproxy.config_file, after);
  const auto report = reconcile();
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_REQUIRE(!report.reload_reasons.empty());
  BOOST_TEST((report.reload_reasons.front() ==
              haproxy::reload_reason{haproxy::reload_cause::unknown_layout, ""}));
}

BOOST_AUTO_TEST_CASE(a_reload_for_a_server_that_cannot_be_replaced_says_so) {
  http_upstream slow("slow");
  slow.set_delay(std::chrono::milliseconds(3000));
  auto s2 = local_server("s2", slow.port());
  auto off = local_server("s1");
  off.state = switchyard::model::server_state::drain;
  apply(backend_of("web", {off, s2}));
  std::jthread client([&] { http_get(port()); });
  BOOST_REQUIRE(eventually([&] { return slow.requests() == 1; }));
  apply(backend_of("web", {local_server("s1"), s2}));
  s2.backup = true;
  const auto report = apply(backend_of("web", {local_server("s1"), s2}));
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST((report.reload_reasons ==
              std::vector<haproxy::reload_reason>{
                  {haproxy::reload_cause::changed_server_options, "web/s2", "backup"}}));
}

BOOST_AUTO_TEST_CASE(what_a_new_worker_has_to_be_told_is_no_drift) {
  auto drained = local_server("s1");
  drained.state = switchyard::model::server_state::drain;  // which no file can say
  apply(backend_of("web", {drained, local_server("s2")}));
  tick_after(read_after);
  const auto report = apply(of_its_own_kind(backend_of("other", {local_server("x")})));
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST(server("web", "s1").ends_with("drain"), server("web", "s1"));
  BOOST_TEST(report.repaired == 0U, words(report));
  BOOST_TEST(report.repairs.empty(), words(report));
  const auto later = tick_after(read_after);
  BOOST_TEST(later.repaired == 0U, words(later));
}

BOOST_AUTO_TEST_CASE(a_reload_that_failed_tells_them_too) {
  write_text(*settings.haproxy.base_file,
             read_text(*settings.haproxy.base_file) + "    no-such-directive\n");
  gateway().configure(settings, now);
  const auto report = tick_after(std::chrono::seconds(2));
  BOOST_REQUIRE(report.reload_error.has_value());
  BOOST_TEST((report.reload_reasons ==
              std::vector<haproxy::reload_reason>{{haproxy::reload_cause::operators_file, ""}}));
  BOOST_TEST(report.reload_took.count() > 0);
  BOOST_TEST(tells_of(report, {matter::reload}), words(report));
}

BOOST_AUTO_TEST_CASE(a_trouble_is_in_every_report_until_it_has_ended) {
  const auto sound = read_text(*settings.haproxy.base_file);
  write_text(*settings.haproxy.base_file, sound + "    no-such-directive\n");
  gateway().configure(settings, now);
  BOOST_TEST(tick_after(std::chrono::seconds(2)).troubles.size() == 1U);
  const auto meanwhile = apply(web({local_server("s3")}));
  BOOST_REQUIRE(meanwhile.troubles.size() == 1U);
  BOOST_TEST(meanwhile.troubles.front().find("reload") != std::string::npos,
             meanwhile.troubles.front());
  write_text(*settings.haproxy.base_file, sound);
  gateway().configure(settings, now);
  now += std::chrono::minutes(2);
  reconcile();
  const auto mended = reconcile();
  BOOST_TEST(mended.troubles.empty(), words(mended));
}

BOOST_AUTO_TEST_SUITE_END()
