// Reading back what was touched: when, how often, and what is said of it.

#include <boost/test/unit_test.hpp>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
namespace model = switchyard::model;

constexpr const char* table = "show servers state";

model::server weighted(std::string name, std::uint16_t weight) {
  auto s = local_server(std::move(name));
  s.weight = weight;
  return s;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_reading_back, tapped_web_site)

BOOST_AUTO_TEST_CASE(what_changed_right_after_an_apply_is_repaired_by_the_tick_that_is_due) {
  const auto applied_at = now;
  apply(web({local_server("s3")}));
  BOOST_REQUIRE(gateway().next_work().has_value());
  BOOST_TEST((*gateway().next_work() == applied_at + read_after));
  command("set server web/s3 weight 1");
  command("set server web/s1 state maint");
  BOOST_TEST(tick_after(read_after - milliseconds(1)).steps == 0U);  // not due yet
  BOOST_TEST(server("web", "s3") == "127.0.0.1:1 1 ready");
  const auto report = tick_after(milliseconds(1));
  BOOST_TEST(server("web", "s3") == ready, words(report));
  BOOST_TEST(server("web", "s1") == ready, words(report));
  BOOST_TEST(told(report, "not as desired") == 0U, words(report));
  // Then only the file is left to be written.
  BOOST_TEST((gateway().next_work() == applied_at + milliseconds(250)));
}

BOOST_AUTO_TEST_CASE(a_server_deleted_right_after_its_addition_is_added_again) {
  apply(web({local_server("s3")}));
  command("set server web/s3 state maint");
  command("del server web/s3");
  BOOST_REQUIRE(server("web", "s3").empty());
  tick_after(read_after);
  BOOST_TEST(server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(a_command_with_an_answer_that_nobody_knows_is_drift) {
  tap().answer_with("set server web/s2 weight", "odd");
  auto report = apply(backend_of("web", {local_server("s1"), weighted("s2", 7)}));
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(report.failed_steps == 1U);
  BOOST_TEST(told(report, "odd") == 1U, words(report));
  BOOST_REQUIRE(server("web", "s2") == ready);
  BOOST_TEST((report.refused == std::set<std::string>{"web"}));
  const auto before = tap().count(table);
  report = tick_after(read_after);
  BOOST_TEST(report.refused.empty());
  BOOST_TEST(tap().count(table) > before);
  BOOST_TEST(
      (report.repairs == std::map<std::string_view, std::uint64_t>{{"set server weight", 1}}));
  BOOST_TEST(server("web", "s2") == "127.0.0.1:1 7 ready", words(report));
}

BOOST_AUTO_TEST_CASE(servers_stay_until_haproxy_takes_those_that_replace_them) {
  // HAProxy refuses a name that it has.
  tap().meanwhile("add server web/s3", [&] { command("add server web/s3 127.0.0.1:9"); });
  const auto report = apply(backend_of("web", {local_server("s3")}));
  BOOST_REQUIRE(report.failed_steps > 0U);
  BOOST_TEST(server("web", "s1") == ready, words(report));
  BOOST_TEST(server("web", "s2") == ready);
  settle();
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(server("web", "s1").empty());
  BOOST_TEST(server("web", "s2").empty());
}

BOOST_AUTO_TEST_CASE(a_refused_server_that_is_not_desired_any_more_is_forgotten) {
  tap().answer_with("add server web/s3", "odd");
  auto report =
      apply(backend_of("web", {local_server("s1"), local_server("s2"), local_server("s3")}));
  BOOST_TEST((report.refused == std::set<std::string>{"web"}), words(report));
  report = apply(web());
  BOOST_TEST(report.refused.empty());
  // It is told again, as something new.
  tap().answer_with("add server web/s3", "odd");
  report = apply(backend_of("web", {local_server("s1"), local_server("s2"), local_server("s3")}));
  BOOST_TEST(told(report, "odd") == 1U, words(report));
}

BOOST_AUTO_TEST_CASE(a_storm_of_applies_is_read_back_once) {
  const auto first = now;
  const auto before = tap().count(table);
  for (int i = 0; i < 200; ++i) {
    now += std::chrono::microseconds(100);
    apply(web({weighted("s3", static_cast<std::uint16_t>(1 + i))}));
  }
  BOOST_TEST(tap().count(table) == before);
  BOOST_TEST((gateway().next_work() == first + std::chrono::microseconds(100) + read_after));
  now = *gateway().next_work();
  tick();
  BOOST_TEST(tap().count(table) == before + 1);
  BOOST_TEST(server("web", "s3") == "127.0.0.1:1 200 ready");
}

BOOST_AUTO_TEST_CASE(a_storm_ends_in_rest) {
  for (int i = 0; i < 200; ++i) apply(i % 2 == 0 ? web({local_server("s3")}) : web());
  std::size_t ticks = 0;
  for (; gateway().next_work() && ticks < 20; ++ticks) {
    // Every piece of work moves on: the moment of the next one is not the same again.
    now = std::max(now, *gateway().next_work());
    tick();
    const auto next = gateway().next_work();
    BOOST_TEST((!next || *next > now));
  }
  BOOST_TEST(!gateway().next_work().has_value());
  BOOST_TEST(ticks < 20U);
  BOOST_TEST(server("web", "s3").empty());
  BOOST_TEST(!file_has("server s3"));
}

BOOST_AUTO_TEST_CASE(a_reconcile_reads_all_once_and_leaves_nothing_to_be_read_back) {
  apply(web({local_server("s3")}));
  const auto before = tap().count(table);
  reconcile();
  BOOST_TEST(tap().count(table) == before + 1);
  tick_after(read_after);
  BOOST_TEST(tap().count(table) == before + 1);
}

BOOST_AUTO_TEST_CASE(an_haproxy_that_is_away_is_looked_for_at_growing_intervals) {
  apply(web({local_server("s3")}));
  hide_sockets();
  now += read_after;
  reconcile();
  std::size_t looks = 0;
  for (const auto until = now + std::chrono::seconds(10); now < until && looks < 100; ++looks) {
    BOOST_REQUIRE(gateway().next_work().has_value());
    now = std::max(now, *gateway().next_work());
    tick();
    BOOST_TEST((*gateway().next_work() > now));
  }
  BOOST_TEST(looks < 40U);
  show_sockets();
  now = *gateway().next_work();
  BOOST_TEST(told(tick(), "HAProxy answers again") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_drift_that_stays, stubborn_site)

BOOST_AUTO_TEST_CASE(it_is_told_once) {
  make_stubborn();
  auto report = reconcile();
  BOOST_TEST(told(report, drift) == 1U, words(report));
  for (int i = 0; i < 3; ++i) {
    report = reconcile();
    BOOST_TEST(told(report, drift) == 0U, words(report));
  }
  mend();
  report = reconcile();
  BOOST_TEST(server("web", "s2") == ready);
  BOOST_TEST(told(report, drift) == 0U, words(report));
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// More servers than one reconcile reads.
struct large_site : gateway_site {
  large_site() : gateway_site({.managed = false, .tapped = true}) {
    std::vector<switchyard::model::backend> all;
    for (const auto* name : {"a", "b", "c"}) {
      std::vector<switchyard::model::server> servers;
      for (int i = 0; i < 9000; ++i) servers.push_back(local_server(std::to_string(10'000 + i)));
      all.push_back(backend_of(name, std::move(servers)));
    }
    begin(all);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(very_many_servers_are_compared_in_turn, large_site) {
  const auto of_one = [&] { return tap().count("show servers state "); };
  const auto of_all = [&] { return tap().count("show servers state") - of_one(); };
  const auto [ones, alls] = std::pair(of_one(), of_all());
  command("set server a/10000 weight 7");
  command("set server c/10000 weight 7");
  const auto weight_of = [&](const char* backend) { return server(backend, "10000"); };
  BOOST_TEST(weight_of("a") == "127.0.0.1:1 7 ready");
  for (int i = 0; i < 2; ++i) reconcile();
  BOOST_TEST(weight_of("a") == ready);
  BOOST_TEST(weight_of("c") == ready);
  BOOST_TEST(of_one() >= ones + 3);
  BOOST_TEST(of_all() == alls);
}
