// A loaded backend whose new settings HAProxy refuses, where no `haproxy -c` tells beforehand: what
// becomes of its servers, and of its correction.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <functional>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::seconds;
namespace haproxy = switchyard::haproxy;
namespace model = switchyard::model;

/// Reloads with the backend "one" in mode tcp were refused: a frontend of the operator's in mode
/// http leads to it. Its server s3 came with those settings.
struct refused_site : gateway_site {
  refused_site() : gateway_site({.unchecked = true}) {
    begin({web_site::web(), one});
    settle();
    write_text(*settings.haproxy.base_file,
               read_text(*settings.haproxy.base_file) +
                   "frontend own\n    mode http\n    timeout client 1s\n    bind 127.0.0.1:" +
                   std::to_string(free_port()) + "\n    default_backend one\n");
    one.settings.mode = model::proxy_mode::tcp;
    one.servers.push_back(local_server("s3"));
    told_of(apply(part({change(one), change(of_its_own_kind(backend_of("two", {})))})));
    while_due([&] { return !backend_exists("two"); });
    BOOST_TEST(contains(said, "backend one is left as it was"), said);
  }

  void told_of(const haproxy::apply_report& report) { said += words(report); }
  /// Does what is due as long as the condition holds.
  void while_due(const std::function<bool()>& condition) {
    for (int i = 0; i < 50 && condition() && gateway().next_work(); ++i) {
      now = std::max(now, *gateway().next_work());
      told_of(tick());
    }
    BOOST_TEST(!condition(), said);
  }
  void end_haproxy() {
    haproxy_process().signal(SIGTERM);
    BOOST_REQUIRE(haproxy_process().wait(seconds(5)));
    BOOST_REQUIRE(!reconcile().reachable);
  }
  bool line_in_file(const std::string& name) const {
    return file_has("    server " + name + " 127.0.0.1:1 ");
  }
  bool refused_in_file() const { return file_has("backend one from switchyard-tcp\n"); }
  void correct() {
    one.settings.mode = model::proxy_mode::http;
    one.settings.balance = model::balance_algorithm::source;
    told_of(apply(one));
  }
  bool corrected_in_file() const { return file_has("balance source"); }

  model::backend one = backend_of("one", {local_server("s1"), local_server("o2")});
  std::string said;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_and_a_backend_that_reloads_refuse, refused_site)

// An HAProxy that is restarted comes back with them.
BOOST_AUTO_TEST_CASE(its_servers_reach_the_file_with_the_settings_that_run) {
  settle();
  BOOST_TEST(server("one", "s3") == ready);
  BOOST_TEST(line_in_file("s3"));
  BOOST_TEST(!refused_in_file());
}

BOOST_AUTO_TEST_CASE(so_do_its_servers_later_changes) {
  one.servers.push_back(local_server("s4"));
  std::erase_if(one.servers, [](const auto& s) { return s.name == "o2"; });
  told_of(apply(one));
  while_due([&] { return !line_in_file("s4") || line_in_file("o2"); });
  BOOST_TEST(server("one", "s4") == ready);
  BOOST_TEST(server("one", "o2").empty());
  BOOST_TEST(!refused_in_file());
  end_haproxy();
  start_haproxy();
  BOOST_TEST(server("one", "s4") == ready);
  BOOST_TEST(server("one", "o2").empty());
}

// The file of that reload was made before they could be saved.
BOOST_AUTO_TEST_CASE(so_do_those_that_come_in_one_apply_with_what_a_reload_brings) {
  settle();
  now = std::max(now, std::chrono::steady_clock::now());
  one.servers.push_back(local_server("s4"));
  told_of(apply(part({change(one), change(of_its_own_kind(backend_of("three", {})))})));
  BOOST_TEST(backend_exists("three"), said);
  settle();
  BOOST_TEST(line_in_file("s4"));
  BOOST_TEST(!refused_in_file());
}

// What it asks for costs no reload each time.
BOOST_AUTO_TEST_CASE(and_their_coming_and_going_reloads_nothing) {
  settle();
  const auto worker = worker_pid();
  const auto failed = processes().failed_reloads;
  for (const auto* name : {"s4", "s5", "s6"}) {
    one.servers.push_back(local_server(name));
    told_of(apply(one));
    while_due([&] { return !line_in_file(name); });
    BOOST_TEST(server("one", name) == ready);
  }
  BOOST_TEST(worker_pid() == worker, said);
  BOOST_TEST(processes().failed_reloads == failed, said);
}

// Also when HAProxy is away for so long that the file itself may be the reason.
BOOST_AUTO_TEST_CASE(those_that_change_while_haproxy_is_away_reach_it_as_well) {
  end_haproxy();
  now += seconds(31);
  one.servers.push_back(local_server("s4"));
  told_of(apply(one));
  told_of(tick_after(seconds(5)));
  BOOST_TEST(line_in_file("s4"));
  BOOST_TEST(!refused_in_file(), said);
}

BOOST_AUTO_TEST_CASE(its_correction_is_loaded) {
  correct();
  while_due([&] { return !corrected_in_file(); });
  BOOST_TEST(line_in_file("s3"));
  BOOST_TEST(reconcile().waiting.empty());
  settle();
  BOOST_TEST(server("one", "s3") == ready);
}

// Blames end, and what was tried once does not become better by waiting.
BOOST_AUTO_TEST_CASE(while_haproxy_is_away_its_correction_reaches_the_file_and_nothing_else) {
  end_haproxy();
  for (int i = 0; i < 4; ++i) {
    now += seconds(31);
    told_of(reconcile());
    BOOST_TEST(!refused_in_file(), said);
  }
  correct();
  BOOST_TEST(corrected_in_file(), said);
  start_haproxy();
  now += seconds(5);
  const auto report = reconcile();
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(server("one", "s3") == ready);
}

BOOST_AUTO_TEST_SUITE_END()
