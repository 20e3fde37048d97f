// Managed mode: a file that HAProxy checks and then does not start with.

#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <thread>

#include "haproxy/pidfd.hpp"
#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
namespace haproxy = switchyard::haproxy;

/// An HAProxy that may open 2,000 files and has to be ready for 900 clients: there is no room for
/// the checks of 250 servers, which `haproxy -c` does not see.
struct short_of_files_site : gateway_site {
  short_of_files_site() : gateway_site({.managed = true, .outside = short_of_files}) {
    begin({checked(2)});
    settle();
  }
  static std::unique_ptr<haproxy::surroundings> short_of_files(
      const switchyard::config::haproxy_settings& s) {
    const auto folder = std::filesystem::path(s.config_file).parent_path();
    auto limited = s;
    limited.binary = folder / "limited";
    limited.base_file = folder / "limits.cfg";
    // Root could raise the limit again.
    write_text(limited.binary,
               "#!/bin/sh\nulimit -n 2000\n[ \"$(id -u)\" = 0 ] && exec setpriv "
               "--bounding-set -sys_resource " +
                   haproxy_binary() + " \"$@\"\nexec " + haproxy_binary() + " \"$@\"\n");
    std::filesystem::permissions(limited.binary, std::filesystem::perms::owner_all);
    write_text(*limited.base_file, "global\n    maxconn 900\n");
    return haproxy::real_surroundings(limited);
  }
  static switchyard::model::backend checked(int servers) {
    switchyard::model::backend b = backend_of("web", {});
    b.settings.check.type = switchyard::model::check_type::tcp;
    for (int i = 1; i <= servers; ++i) b.servers.push_back(local_server("s" + std::to_string(i)));
    switchyard::model::sort_servers(b.servers);
    return b;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(servers_that_a_start_has_no_room_for_keep_no_haproxy_down,
                        short_of_files_site) {
  apply(checked(250));
  settle();
  BOOST_REQUIRE(file_has("    server s250 "));
  for (int i = 0; i < 2; ++i) {
    kill_master(*this);
    const auto report = reconcile();
    BOOST_TEST(report.reachable, words(report));
    BOOST_TEST(told(report, "it is started with the file that it was loaded with before") == 1U,
               words(report));
    BOOST_TEST(server("web", "s250") != "");
    settle();
    BOOST_REQUIRE(file_has("    server s250 "));
  }
}

BOOST_FIXTURE_TEST_SUITE(gateway_of_a_managed_haproxy, managed_site)

BOOST_AUTO_TEST_CASE(an_haproxy_that_ended_is_started_with_what_changed_meanwhile) {
  kill_haproxy();
  BOOST_TEST(!apply(backend_of("other", {local_server("x1")})).reachable);
  const auto report = reconcile();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(!report.reload.has_value());
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(server("other", "x1") == ready);
}

// As a switchyard leaves it that is killed while it waits for HAProxy's last connections.
BOOST_AUTO_TEST_CASE(one_that_was_told_to_stop_is_not_waited_for) {
  http_upstream slow("slow");
  slow.set_delay(std::chrono::seconds(9));
  apply(backend_of("web", {local_server("s1", slow.port())}));
  std::thread client([&] { http_get(port(), "/", "test", std::chrono::seconds(30)); });
  BOOST_REQUIRE(eventually([&] { return slow.requests() == 1; }));
  const auto master = processes().master;
  const auto kept = settings.haproxy.config_file + ".master";
  auto line = read_text(kept);
  line.pop_back();
  write_text(kept, line + " stopping\n");
  ::kill(master, SIGUSR1);
  const auto begun = std::chrono::steady_clock::now();
  const auto report = restart_gateway();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST((std::chrono::steady_clock::now() - begun < std::chrono::seconds(8)));
  BOOST_TEST(processes().master != master);
  BOOST_TEST(server("web", "s1").empty() == false);
  client.join();
}

BOOST_AUTO_TEST_CASE(an_haproxy_that_ended_is_started_with_a_frontend_that_came_meanwhile) {
  const auto wanted = free_port();
  more.frontends.back().binds.front().port = wanted;
  kill_haproxy();
  gateway().configure(more, now);
  const auto report = reconcile();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(!report.reload.has_value());
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(http_get(wanted).status == 503);
}

BOOST_AUTO_TEST_CASE(a_file_that_haproxy_does_not_start_with_is_taken_back) {
  const auto before = file();
  kill_haproxy();
  gateway().configure(more, now);
  const auto report = reconcile();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(file() == before);
  BOOST_TEST(worker_pid() > 0);
  BOOST_TEST(server("web", "s1") == ready);
  BOOST_TEST(http_get(port()).status == 503);
  BOOST_TEST(!report.waiting.empty());  // it is not forgotten
}

BOOST_AUTO_TEST_CASE(what_was_taken_back_is_tried_again_and_served_once_it_can_be) {
  kill_haproxy();
  gateway().configure(more, now);
  BOOST_REQUIRE(reconcile().reachable);
  const auto wanted = taken->port();
  tick_when_due();
  BOOST_TEST(http_get(wanted).body == "somebody else");
  taken.reset();
  BOOST_TEST(eventually([&] {
    tick_when_due();
    return http_get(wanted).status == 503;
  }));
  BOOST_TEST(file_has("frontend second"));
}

BOOST_AUTO_TEST_CASE(server_changes_reach_the_file_while_a_head_is_refused) {
  kill_haproxy();
  gateway().configure(more, now);
  BOOST_REQUIRE(reconcile().reachable);
  apply(web_site::web({local_server("s3")}));
  settle();
  BOOST_TEST(file_has("    server s3 "));
  BOOST_TEST(!file_has("frontend second"));
  kill_haproxy();
  BOOST_TEST(!apply(web_site::web({local_server("s3"), local_server("s4")})).reachable);
  BOOST_TEST(file_has("    server s4 "));
  BOOST_TEST(!file_has("frontend second"));
  BOOST_TEST(reconcile().reachable);
  BOOST_TEST(server("web", "s4") == ready);
  BOOST_TEST(!file_has("frontend second"));
}

BOOST_AUTO_TEST_SUITE_END()
