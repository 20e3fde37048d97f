// Somebody else reloads HAProxy in the middle of many runtime changes.

#include <signal.h>

#include <atomic>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <future>
#include <thread>

#include "haproxy/runtime.hpp"
#include "tests/faults/installation.hpp"
#include "tests/haproxy/gateway_sites.hpp"

BOOST_AUTO_TEST_SUITE(test_faults_reload_in_burst)

namespace {

using namespace switchyard::tests;
namespace haproxy = switchyard::haproxy;
namespace model = switchyard::model;

constexpr int burst = 300;

/// The backend "web" of s1 and s2 with x0 … x299, all of this weight.
model::backend web_with_many(std::uint16_t weight) {
  std::vector<model::server> more;
  for (int i = 0; i < burst; ++i) {
    more.push_back(local_server("x" + std::to_string(i)));
    more.back().weight = weight;
  }
  return web_site::web(more);
}

/// How many servers of a backend HAProxy has as desired; -1 when it has others besides.
int as_desired(const std::string& table, const model::backend& wanted) {
  const auto view = haproxy::parse_servers_state(table);
  if (!view || !view->contains(wanted.name)) return 0;
  const auto& servers = view->at(wanted.name);
  int right = 0;
  for (const auto& s : wanted.servers) {
    const auto has = servers.find(s.name);
    if (has != servers.end() && has->second.address == s.address && has->second.port == s.port &&
        has->second.weight == s.weight && has->second.state == s.state)
      ++right;
  }
  return servers.size() > wanted.servers.size() ? -1 : right;
}

int all_of(const model::backend& wanted) {
  return static_cast<int>(wanted.servers.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_reload_by_somebody_else_in_an_apply)

// Another worker takes over just before HAProxy gets that command; the gateway's conversation goes
// on with the old one. "show info" is the question after the commands (decision 2).
BOOST_DATA_TEST_CASE(loses_nothing_to_the_old_worker,
                     boost::unit_test::data::make({"add server web/x0 ", "enable server web/x150",
                                                   "enable server web/x99", "show info"}),
                     command) {
  tapped_web_site site;
  const auto before = site.worker_pid();
  bool reloaded = false;
  site.tap().meanwhile(command, [&] {
    site.reload_by_hand();
    reloaded = true;
  });
  const auto wanted = web_with_many(7);
  const auto report = site.apply(wanted);
  BOOST_REQUIRE(reloaded);
  BOOST_REQUIRE(site.worker_pid() != before);
  BOOST_TEST(as_desired(site.command("show servers state web"), wanted) == all_of(wanted),
             words(report));
  BOOST_TEST(report.reachable);
  BOOST_TEST(told(report, "HAProxy has a new worker") == 1U, words(report));
  BOOST_TEST(!report.reload.has_value());
}

BOOST_AUTO_TEST_CASE(loses_nothing_when_it_comes_between_an_apply_and_its_reading_back) {
  tapped_web_site site;
  const auto wanted = web_with_many(7);
  site.apply(wanted);
  site.tap().meanwhile("show servers state", [&] { site.reload_by_hand(); });
  site.tick_after(read_after);
  BOOST_TEST(as_desired(site.command("show servers state web"), wanted) == all_of(wanted));
}

// What the question afterwards is for: nothing else would tell.
BOOST_AUTO_TEST_CASE(would_lose_all_without_the_question_afterwards) {
  web_site site;
  auto conversation = haproxy::runtime::connect(site.settings.haproxy.runtime_socket);
  BOOST_REQUIRE(bool(conversation));
  site.reload_by_hand();
  const auto added = conversation->execute_raw("add server web/lost 127.0.0.1:1");
  BOOST_REQUIRE(bool(added));
  BOOST_TEST(*added == "New server registered.");
  BOOST_TEST(site.server("web", "lost").empty());
  const auto info = conversation->execute_raw("show info");
  BOOST_REQUIRE(bool(info));
  BOOST_TEST(haproxy::parse_info(*info)->stopping);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(reloads_by_somebody_else_in_a_storm_of_changes)

namespace {

/// Changes the weights of 100 servers again and again while `reload` is called three times;
/// whatever came last is what HAProxy has in the end.
void storm(const site_options& options, const std::function<void(installation&)>& reload) {
  installation i(options);
  const unbroken_traffic traffic(i);
  const auto told_reloads = i.gateway.log_count("reloaded HAProxy in");
  std::atomic<bool> done{false};
  std::thread reloads([&] {
    for (int n = 0; n < 3; ++n) {
      const auto before = i.gateway.worker_pid();
      const auto replaced = [&] { return i.gateway.worker_pid() != before; };
      // A master that is still busy with the one before takes no notice.
      eventually([&] {
        reload(i);
        return eventually(replaced, std::chrono::seconds(2));
      });
    }
    done = true;
  });
  auto wanted = installation::api({&i.one, &i.two});
  for (int n = 0; n < 100; ++n) {
    wanted.servers.push_back(local_server("x" + std::to_string(n)));
    wanted.servers.back().state = model::server_state::maint;
  }
  model::sort_servers(wanted.servers);
  std::uint16_t weight = 0;
  int changes = 0;
  while (!done || changes < 300) {
    weight = static_cast<std::uint16_t>(weight % 250 + 1);
    for (auto& s : wanted.servers)
      if (s.name.starts_with("x")) s.weight = weight;
    i.want({wanted});
    // One after the other: those that come while the writer is busy fold together.
    const auto last = "x" + std::to_string(changes % 100);
    eventually([&] { return i.gateway.server("api-backend", last).find(' ') != std::string::npos; },
               std::chrono::milliseconds(20));
    ++changes;
  }
  reloads.join();
  BOOST_TEST(eventually([&] {
               return as_desired(i.gateway.command("show servers state api-backend"), wanted) ==
                      all_of(wanted);
             }),
             "HAProxy is not as desired in the end");
  BOOST_TEST(i.gateway.log_count("HAProxy has a new worker") >= 1U);
  BOOST_TEST(i.gateway.log_count("reloaded HAProxy in") == told_reloads);
  BOOST_TEST(!i.gateway.log_has("HAProxy refuses"));  // the old worker's refusals are no news
}

}  // namespace

BOOST_AUTO_TEST_CASE(lose_nothing_when_the_master_was_asked) {
  site_options o;
  o.managed = false;
  storm(o, [](installation& i) { ask_socket(i.gateway.master_socket(), "reload"); });
}

BOOST_AUTO_TEST_CASE(lose_nothing_when_it_was_a_signal) {
  site_options o;
  o.managed = false;
  o.pid_file = true;
  storm(o, [](installation& i) { i.gateway.haproxy().signal(SIGUSR2); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(an_old_worker_with_a_long_request)

namespace {

/// Whether a reload waited for an old worker with a long request. false: on a busy machine that one
/// had ended before it came to that.
bool waits_for_old_worker(const std::string& hard_stop_after) {
  site_options o;
  o.reload = "{min_interval: 100ms, max_old_workers: 1, hard_stop_after: " + hard_stop_after + "}";
  installation i(o);
  const auto slow = i.of_its_own_kind("slow");
  const std::vector<model::route> routes{{"", "/slow", "slow"}};
  std::vector<model::backend> wanted{installation::api({&i.one, &i.two}), slow};
  i.want(wanted, routes);
  BOOST_REQUIRE(
      eventually([&] { return http_get(i.gateway.port(), "/slow").body == i.three.name(); }));
  const auto busy = i.gateway.worker_pid();
  i.three.set_delay(std::chrono::seconds(60));
  const auto before = i.three.requests();
  auto cut = std::async(std::launch::async, [&] {
    return http_get(i.gateway.port(), "/slow", "test", std::chrono::seconds(50)).status;
  });
  BOOST_REQUIRE(eventually([&] { return i.three.requests() > before; }));
  const auto add = [&](const std::string& name, model::balance_algorithm balance) {
    wanted.push_back(i.of_its_own_kind(name));
    wanted.back().settings.balance = balance;
    i.want(wanted, routes);
  };
  add("next", model::balance_algorithm::source);
  BOOST_TEST(eventually([&] { return i.has_backend("next"); }), i.gateway.log());
  add("waits", model::balance_algorithm::uri);
  BOOST_TEST(eventually([&] { return i.has_backend("waits"); }, std::chrono::seconds(40)),
             i.gateway.log());
  BOOST_TEST(::kill(busy, 0) != 0);
  BOOST_TEST(cut.get() != 200);
  BOOST_TEST(http_get(i.gateway.port()).status == 200);
  return i.gateway.log_has("a reload waits: 1 old workers");
}

}  // namespace

BOOST_AUTO_TEST_CASE(ends_by_hard_stop_after_and_the_reload_that_waits_for_it_goes) {
  BOOST_TEST((waits_for_old_worker("3s") || waits_for_old_worker("20s")));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
