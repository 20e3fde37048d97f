// A second HAProxy on the sockets of the first one, which goes on with the traffic.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <thread>

#include "tests/haproxy/gateway_sites.hpp"
#include "tests/support/server_state.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::seconds;

/// A site whose HAProxy loses its sockets to a second one.
struct second_site : web_site {
  /// Started as the first one was.
  void start_the_same() {
    const auto worker = worker_pid();
    start(command_line());
    BOOST_REQUIRE(eventually([&] { return worker_pid() != 0 && worker_pid() != worker; }));
  }
  /// Started on a file of its own, with the same master socket; it has a backend of our name.
  void start_another() {
    write_text(path("own.cfg"),
               haproxy_head(path("own.sock")) + haproxy_site(free_port(), "web", mine));
    start({haproxy_binary(), "-W", "-S", *settings.haproxy.master_socket + ",mode,600", "-f",
           path("own.cfg")});
    BOOST_REQUIRE(eventually([&] { return !other("show info").empty(); }));
  }
  void start(const std::vector<std::string>& argv) {
    second = std::make_unique<background_process>(argv, path("second.log"));
    BOOST_REQUIRE(eventually([&] { return processes().master == second->pid(); }));
    BOOST_REQUIRE(eventually([&] { return processes().worker != 0; }));
  }
  void end_second() const {
    second->signal(SIGTERM);
    BOOST_REQUIRE(second->wait(seconds(5)));
  }
  std::string other(std::string_view line) const { return ask_socket(path("own.sock"), line); }
  /// Whether a backend "web" is as that file has it.
  static bool untouched(const std::string& state) {
    return server_in(state, "web", "s1") == "127.0.0.1:9 7 ready" &&
           server_in(state, "web", "own") == "127.0.0.1:9 1 ready" &&
           server_in(state, "web", "s2").empty() && server_in(state, "web", "s3").empty();
  }
  std::string first_pid() { return "process " + std::to_string(haproxy_process().pid()); }
  std::string second_pid() const { return "process " + std::to_string(second->pid()); }

  const std::string mine = "    server s1 127.0.0.1:9 weight 7\n    server own 127.0.0.1:9\n";
  std::unique_ptr<background_process> second;
};

/// An operator replaces HAProxy by another one without a gap, while the first one is busy with a
/// request.
struct replaced_site : second_site {
  replaced_site() {
    upstream.set_delay(std::chrono::minutes(1));
    apply(backend_of("web", {local_server("s1", upstream.port())}));
    settle();
    client = std::jthread([this] { http_get(port()); });
    BOOST_REQUIRE(eventually([&] { return upstream.requests() == 1; }));
  }
  /// The request ends with HAProxy.
  ~replaced_site() { haproxy_process().signal(SIGKILL); }
  replaced_site(const replaced_site&) = delete;
  replaced_site& operator=(const replaced_site&) = delete;

  /// By one that was started with these arguments besides.
  void replace_haproxy(const std::vector<std::string>& more) {
    const auto worker = worker_pid();
    auto replacing = command_line();
    replacing.insert(replacing.end(), more.begin(), more.end());
    start(replacing);
    BOOST_REQUIRE(eventually([&] { return worker_pid() != 0 && worker_pid() != worker; }));
  }

  http_upstream upstream{"slow"};
  const std::string first = std::to_string(haproxy_process().pid());
  std::jthread client;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_beside_a_second_haproxy, second_site)

// It takes the runtime socket from the first one, which goes on with the traffic.
BOOST_AUTO_TEST_CASE(one_that_somebody_starts_on_the_same_files_is_told_by_its_pid) {
  const auto first = worker_pid();
  background_process beside({haproxy_binary(), "-db", "-f", *settings.haproxy.base_file, "-f",
                             settings.haproxy.config_file},
                            path("second.log"));
  BOOST_REQUIRE(eventually([&] { return worker_pid() != first; }));
  const auto report = reconcile();
  BOOST_TEST(!report.reachable);
  BOOST_TEST(told(report, "process " + std::to_string(beside.pid())) == 1U, words(report));
  // What is desired goes to the first one alone, once it can.
  apply(web({local_server("s3")}));
  BOOST_TEST(server("web", "s3").empty());
  beside.signal(SIGTERM);
  BOOST_REQUIRE(beside.wait(seconds(5)));
  start_haproxy();  // a reload would keep the socket that nobody finds any more
  BOOST_TEST(reconcile().reachable);
  BOOST_TEST(server("web", "s3") == ready);
}

// The way through the master leads to it once the runtime socket's file is gone.
BOOST_AUTO_TEST_CASE(one_that_took_the_master_socket_gets_no_commands) {
  start_another();
  std::filesystem::remove(path("run.sock"));
  auto report = reconcile();
  BOOST_TEST(!report.reachable);
  BOOST_TEST(told(report, first_pid()) == 1U, words(report));
  BOOST_TEST(told(report, second_pid()) == 1U, words(report));
  apply(web({local_server("s3")}));
  for (int i = 0; i < 5; ++i) {
    now += seconds(5);
    report = reconcile();
    BOOST_TEST(words(report).empty(), words(report));
  }
  BOOST_TEST(untouched(other("show servers state")));
  BOOST_TEST(processes().reloads == 0U);
  BOOST_TEST(file_has("    server s3 "));
}

// So it is when switchyard has never met the first one.
BOOST_AUTO_TEST_CASE(one_that_never_read_our_file_gets_no_commands_behind_its_master) {
  start_another();
  std::filesystem::remove(path("run.sock"));
  std::filesystem::remove(settings.haproxy.config_file + ".master");
  restart_gateway();
  apply(whole({change(web({local_server("s3")}))}));
  for (int i = 0; i < 3; ++i) {
    settle();
    now += seconds(5);
    reconcile();
  }
  BOOST_TEST(untouched(other("show servers state")));
  BOOST_TEST(processes().reloads == 0U);
}

// It answers on both sockets, and has the file; only its master's pid tells it apart.
BOOST_AUTO_TEST_CASE(one_that_was_started_in_the_same_way_gets_no_commands) {
  start_the_same();
  auto report = reconcile();
  BOOST_TEST(!report.reachable);
  BOOST_TEST(told(report, first_pid()) == 1U, words(report));
  BOOST_TEST(told(report, second_pid()) == 1U, words(report));
  apply(web({local_server("s3")}));
  BOOST_TEST(words(reconcile()).empty());
  BOOST_TEST(server("web", "s3").empty());
  BOOST_TEST(processes().reloads == 0U);
  end_second();
  start_haproxy();
  report = reconcile();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(server("web", "s3") == ready);
}

// It stands beside the file which HAProxy was ours.
BOOST_AUTO_TEST_CASE(one_that_was_started_while_switchyard_was_away_gets_no_commands) {
  start_the_same();
  auto report = restart_gateway();
  BOOST_TEST(told(report, first_pid()) == 1U, words(report));
  BOOST_TEST(told(report, second_pid()) == 1U, words(report));
  apply(whole({change(web({local_server("s3")}))}));
  for (int i = 0; i < 3; ++i) {
    settle();
    now += seconds(5);
    BOOST_TEST(!reconcile().reachable);
  }
  BOOST_TEST(server("web", "s3").empty());
  BOOST_TEST(processes().reloads == 0U);
  haproxy_process().signal(SIGTERM);
  BOOST_REQUIRE(haproxy_process().wait(seconds(5)));
  report = reconcile();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_kept_of_it_is_told_once) {
  const auto kept = settings.haproxy.config_file + ".master";
  BOOST_TEST(read_text(kept).starts_with(std::to_string(haproxy_process().pid()) + " "));
  std::filesystem::remove(kept);
  std::filesystem::create_directory(kept);  // nothing can be written there
  auto report = reconcile();
  BOOST_TEST(told(report, "which HAProxy is ours cannot be kept") == 1U, words(report));
  BOOST_TEST(told(reconcile(), "cannot be kept") == 0U);
  std::filesystem::remove(kept);
  BOOST_TEST(reconcile().reachable);
  BOOST_TEST(read_text(kept).starts_with(std::to_string(haproxy_process().pid()) + " "));
}

BOOST_AUTO_TEST_CASE(the_second_one_is_taken_once_the_first_has_ended) {
  start_the_same();
  BOOST_REQUIRE(!reconcile().reachable);
  apply(web({local_server("s3")}));
  haproxy_process().signal(SIGTERM);
  BOOST_REQUIRE(haproxy_process().wait(seconds(5)));
  const auto report = reconcile();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(server("web", "s3") == ready);
}

// Both sockets' files are there, and lead to nobody.
BOOST_AUTO_TEST_CASE(sockets_that_the_second_one_left_dead_are_told_with_the_remedy) {
  start_the_same();
  BOOST_REQUIRE(!reconcile().reachable);
  second->signal(SIGKILL);
  BOOST_REQUIRE(second->wait(seconds(5)));
  BOOST_REQUIRE(eventually([&] { return worker_pid() == 0; }));
  BOOST_REQUIRE(std::filesystem::exists(path("run.sock")));
  now += seconds(11);
  const auto report = reconcile();
  BOOST_TEST(told(report, "HAProxy (" + first_pid() + ") runs and cannot be reached") == 1U,
             words(report));
  BOOST_TEST(told(report, "restart HAProxy at a quiet moment") == 1U, words(report));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_and_an_haproxy_that_is_replaced, replaced_site)

BOOST_AUTO_TEST_CASE(the_second_one_is_taken_while_the_first_is_stopping) {
  replace_haproxy({"-sf", first});
  BOOST_TEST(eventually([&] { return reconcile().reachable; }));
  BOOST_TEST(haproxy_process().running());
  BOOST_TEST(processes().master == second->pid());
}

// Nobody who has spoken to the first one can ask whether it is stopping.
BOOST_AUTO_TEST_CASE(so_it_is_by_a_switchyard_that_was_away) {
  replace_haproxy({"-sf", "999999", first});
  const auto report = restart_gateway();
  BOOST_TEST(report.reachable, words(report));
  BOOST_TEST(haproxy_process().running());
  apply(whole({change(web({local_server("s3")}))}));
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(read_text(settings.haproxy.config_file + ".master")
                 .starts_with(std::to_string(second->pid()) + " "));
}

// It replaced somebody else.
BOOST_AUTO_TEST_CASE(one_that_replaces_another_one_is_not) {
  replace_haproxy({"-sf", "999999"});
  const auto report = restart_gateway();
  BOOST_TEST(!report.reachable);
  BOOST_TEST(told(report, "or end the first one, where the other one is to take its place") == 1U,
             words(report));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_and_an_haproxy_that_never_read_our_file, second_site)

BOOST_AUTO_TEST_CASE(nothing_in_it_is_taken_for_ours) {
  haproxy_process().signal(SIGTERM);
  BOOST_REQUIRE(haproxy_process().wait(seconds(5)));
  write_text(path("own.cfg"),
             haproxy_head(path("run.sock")) + haproxy_site(free_port(), "web", mine));
  start({haproxy_binary(), "-W", "-S", *settings.haproxy.master_socket + ",mode,600", "-f",
         path("own.cfg")});
  BOOST_REQUIRE(eventually([&] { return worker_pid() != 0; }));
  for (int i = 0; i < 3; ++i) {
    reconcile();
    apply(web({local_server("s" + std::to_string(3 + i))}));
    settle();
  }
  BOOST_TEST(untouched(command("show servers state")));
}

BOOST_AUTO_TEST_SUITE_END()
