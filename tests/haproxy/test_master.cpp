#include "haproxy/master.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/haproxy/fake_socket.hpp"
#include "tests/support/haproxy_server.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using switchyard::base::errc;
using switchyard::haproxy::capabilities;
namespace haproxy = switchyard::haproxy;

std::string site(std::uint16_t port, std::uint16_t upstream) {
  return haproxy_site(port, "web", "    server s1 127.0.0.1:" + std::to_string(upstream));
}

switchyard::config::haproxy_settings by_master(const haproxy_server& server) {
  switchyard::config::haproxy_settings settings;
  settings.binary = haproxy_binary();
  settings.config_file = server.config_file();
  settings.runtime_socket = server.runtime_socket();
  settings.master_socket = server.master_socket();
  return settings;
}

switchyard::config::haproxy_settings by_pid_file(const haproxy_server& server,
                                                 const std::string& pid_file) {
  auto settings = by_master(server);
  settings.master_socket.reset();
  settings.pid_file = pid_file;
  return settings;
}

/// What the HAProxy under test can do.
capabilities abilities(const haproxy_server& server) {
  const auto info = haproxy::show_info(server.runtime_socket());
  BOOST_REQUIRE(bool(info));
  const auto can = haproxy::detect(info->version, server.command("help"));
  BOOST_REQUIRE(bool(can));
  return *can;
}

/// Occupies a port so that nobody else can bind it.
switchyard::base::unique_fd occupy(std::uint16_t port) {
  switchyard::base::unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(fd.get(), 1) == 0);
  return fd;
}

std::string fake_info(pid_t worker) {
  return "Name: HAProxy\nVersion: 3.0.1\nPid: " + std::to_string(worker) +
         "\nUptime_sec: 1\nStopping: 0\n";
}
const std::string fake_proc =
    "#<PID> <type> <reloads> <uptime> <version>\n1 master 0 [failed: 0] 0d00h00m02s 3.0.1\n"
    "# workers\n41 worker 0 0d00h00m02s 3.0.1\n\n";

/// A master that answers `reload` with these texts in turn, and a worker; 41 is the old one.
struct fake_master {
  explicit fake_master(std::vector<std::string> answers, pid_t answering = 42)
      : info(fake_info(answering)), answers_(std::move(answers)) {
    settings.runtime_socket = folder / "run";
    settings.master_socket = folder / "master";
    can.reload_verdict = true;
  }

  temp_dir folder;
  switchyard::config::haproxy_settings settings;
  capabilities can;
  std::string info;
  std::vector<std::string> answers_;
  std::size_t reloads = 0;
  line_server worker{folder / "run", [this](const std::string&) { return info; }};
  line_server master{folder / "master", [this](const std::string& line) {
                       return line == "reload" ? answers_.at(reloads++) : fake_proc;
                     }};
};

void check_error(const switchyard::base::outcome<haproxy::reload_result>& result, errc kind,
                 const std::string& words) {
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == kind), result.error().message);
  BOOST_TEST(result.error().message.find(words) != std::string::npos, result.error().message);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(master)

BOOST_AUTO_TEST_CASE(the_master_tells_its_worker_and_the_worker_its_version) {
  const haproxy_server server(site(free_port(), 1));
  const auto proc = haproxy::show_proc(server.master_socket());
  BOOST_REQUIRE(bool(proc));
  BOOST_TEST(proc->master == server.master_pid());
  BOOST_TEST(proc->worker == server.worker_pid());
  BOOST_TEST(proc->reloads == 0U);
  BOOST_TEST(proc->failed_reloads == 0U);
  const auto can = abilities(server);
  BOOST_TEST(can.major >= 2U);
  BOOST_TEST(can.reload_verdict == (std::pair(can.major, can.minor) >= std::pair(2U, 7U)));
  BOOST_TEST(can.wait_removable == (can.major >= 3U));
  BOOST_TEST(can.dynamic_backends == (std::pair(can.major, can.minor) >= std::pair(3U, 4U)));
}

BOOST_AUTO_TEST_CASE(a_reload_brings_a_new_worker_that_answers) {
  const http_upstream upstream("up");
  const auto port = free_port();
  haproxy_server server(site(port, upstream.port()));
  const auto old_worker = server.worker_pid();
  const auto other_port = free_port();
  server.configure(site(other_port, upstream.port()));
  const auto result = haproxy::reload(by_master(server), abilities(server));
  BOOST_REQUIRE_MESSAGE(bool(result), server.log());
  BOOST_TEST(result->old_worker == old_worker);
  BOOST_TEST(result->new_worker != old_worker);
  BOOST_TEST(eventually([&] { return server.worker_pid() == result->new_worker; }));
  BOOST_TEST(http_get(other_port).body.find("up") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(reloads_in_a_row_each_have_their_own_worker) {
  haproxy_server server(site(free_port(), 1));
  const auto can = abilities(server);
  std::set<pid_t> workers{server.worker_pid()};
  for (int i = 0; i < 10; ++i) {
    const auto result = haproxy::reload(by_master(server), can);
    BOOST_REQUIRE_MESSAGE(bool(result), server.log());
    workers.insert(result->new_worker);
  }
  BOOST_TEST(workers.size() == 11U);
  BOOST_TEST(haproxy::show_proc(server.master_socket())->reloads == 10U);
}

BOOST_AUTO_TEST_CASE(a_configuration_that_does_not_parse_leaves_the_old_worker) {
  haproxy_server server(site(free_port(), 1));
  const auto can = abilities(server);
  const auto old_worker = server.worker_pid();
  server.configure("backend web\n    garbage\n");
  for (int times = 0; times < 2; ++times) {
    check_error(haproxy::reload(by_master(server), can), errc::refused,
                can.reload_verdict ? "garbage" : "log");
    BOOST_TEST(server.worker_pid() == old_worker);
    const auto proc = haproxy::show_proc(server.master_socket());
    BOOST_REQUIRE(bool(proc));
    BOOST_TEST(proc->failed_reloads > 0U);
    BOOST_TEST(proc->worker == old_worker);
    BOOST_TEST(proc->old_workers.empty());
  }
  // A good one after it works again.
  server.configure(site(free_port(), 1));
  const auto result = haproxy::reload(by_master(server), can);
  BOOST_REQUIRE_MESSAGE(bool(result), server.log());
  BOOST_TEST(result->old_worker == old_worker);
}

BOOST_AUTO_TEST_CASE(a_configuration_that_cannot_bind_leaves_the_old_worker) {
  const http_upstream upstream("up");
  const auto port = free_port();
  haproxy_server server(site(port, upstream.port()));
  const auto old_worker = server.worker_pid();
  const auto taken = free_port();
  const auto occupant = occupy(taken);
  server.configure(site(port, upstream.port()) +
                   haproxy_site(taken, "other", "    server s 127.0.0.1:1"));
  check_error(haproxy::reload(by_master(server), abilities(server)), errc::refused, "old worker");
  BOOST_TEST(server.worker_pid() == old_worker);
  BOOST_TEST(eventually([&] { return http_get(port).status == 200; }));
}

BOOST_AUTO_TEST_CASE(an_old_worker_with_a_connection_is_listed_until_it_ends) {
  http_upstream upstream("up");
  upstream.set_delay(std::chrono::seconds(3));
  const auto port = free_port();
  haproxy_server server(site(port, upstream.port()));
  std::jthread client([&] { http_get(port, "/", "test", std::chrono::seconds(10)); });
  BOOST_REQUIRE(eventually([&] { return upstream.requests() > 0; }));
  const auto result = haproxy::reload(by_master(server), abilities(server));
  BOOST_REQUIRE_MESSAGE(bool(result), server.log());
  const auto proc = haproxy::show_proc(server.master_socket());
  BOOST_REQUIRE(bool(proc));
  BOOST_TEST((proc->old_workers == std::vector<pid_t>{result->old_worker}));
  BOOST_TEST(proc->worker == result->new_worker);
  client.join();
  BOOST_TEST(
      eventually([&] { return haproxy::show_proc(server.master_socket())->old_workers.empty(); }));
}

// Without the runtime socket nothing tells that it is there while it loads (2.6 refuses connections
// for as long).
BOOST_AUTO_TEST_CASE(a_reload_waits_for_a_master_that_is_loading) {
  std::string sections = site(free_port(), 1);
  for (int i = 0; i < 60'000; ++i) {
    if (i % 100 == 0) sections += "backend b" + std::to_string(i) + "\n";
    sections += "    server s" + std::to_string(i) + " 127.0.0.1:1\n";
  }
  haproxy_server server(sections);
  const auto can = abilities(server);
  const auto by = by_master(server);
  std::filesystem::remove(server.runtime_socket());
  server.process().signal(SIGUSR2);
  const bool refused = eventually([&] { return server.master_command("show proc").empty(); });
  BOOST_TEST_MESSAGE("the master refuses connections while it loads: " << refused);
  const auto result = haproxy::reload(by, can);
  BOOST_TEST(bool(result), (result ? "" : result.error().message) + server.log());
}

BOOST_AUTO_TEST_CASE(a_pid_file_is_enough_to_reload) {
  haproxy_server server(site(free_port(), 1));
  const auto old_worker = server.worker_pid();
  const auto result = haproxy::reload(by_pid_file(server, server.pid_file()), abilities(server));
  BOOST_REQUIRE_MESSAGE(bool(result), server.log());
  BOOST_TEST(result->old_worker == old_worker);
  BOOST_TEST(result->new_worker != old_worker);
}

BOOST_AUTO_TEST_CASE(without_a_verdict_a_refused_reload_is_a_timeout) {
  haproxy_server server(site(free_port(), 1));
  const auto old_worker = server.worker_pid();
  server.configure("backend web\n    garbage\n");
  check_error(
      haproxy::reload(by_pid_file(server, server.pid_file()), abilities(server), milliseconds(700)),
      errc::timeout, "no new worker");
  BOOST_TEST(server.worker_pid() == old_worker);
}

BOOST_AUTO_TEST_CASE(a_command_reloads_and_its_failure_is_told) {
  const haproxy_server server(site(free_port(), 1));
  auto settings = by_pid_file(server, server.pid_file());
  settings.reload.command = {"/bin/sh", "-c", "kill -USR2 $(head -n 1 " + server.pid_file() + ")"};
  const auto before = server.worker_pid();
  const auto result = haproxy::reload(settings, abilities(server));
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(result), (result ? "" : result.error().message));
  BOOST_TEST(result->old_worker == before);
  BOOST_TEST(result->new_worker == server.worker_pid());

  settings.reload.command = {"/bin/sh", "-c", "echo no such unit; exit 5"};
  const auto refused = haproxy::reload(settings, abilities(server));
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == errc::refused));
  BOOST_TEST(refused.error().message.find("exit code 5: \"no such unit") != std::string::npos,
             refused.error().message);
  settings.reload.command = {"/no/such/program"};
  BOOST_TEST((haproxy::reload(settings, abilities(server)).error().kind == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_pid_file_that_names_no_haproxy_signals_nobody) {
  haproxy_server server(site(free_port(), 1));
  const auto can = abilities(server);
  const auto file = server.folder() + "/other.pid";
  const auto settings = by_pid_file(server, file);
  check_error(haproxy::reload(settings, can), errc::unavailable, file);
  for (const auto* text : {"", "pid", "0", "1", "-5", "99999999999"}) {
    write_text(file, text);
    check_error(haproxy::reload(settings, can), errc::unavailable, "no process id");
  }
  // A process that SIGUSR2 would end: us.
  write_text(file, std::to_string(::getpid()) + "\n");
  check_error(haproxy::reload(settings, can), errc::unavailable, "no running HAProxy");
  // The worker is a HAProxy, but the signal is the master's.
  write_text(file, std::to_string(server.worker_pid()) + "\n");
  check_error(haproxy::reload(settings, can), errc::unavailable, "master-worker");
  BOOST_TEST(server.process().running());
}

BOOST_AUTO_TEST_CASE(without_a_way_to_reload_the_error_says_so) {
  const temp_dir folder;
  switchyard::config::haproxy_settings settings;
  settings.runtime_socket = folder / "run";
  check_error(haproxy::reload(settings, {}), errc::unavailable, "neither");
  settings.master_socket = folder / "master";
  check_error(haproxy::reload(settings, {}), errc::unavailable, folder / "master");
}

BOOST_AUTO_TEST_CASE(a_silent_master_costs_no_more_than_the_deadline) {
  const temp_dir folder;
  const fake_socket silent(folder / "master");
  switchyard::config::haproxy_settings settings;
  settings.runtime_socket = folder / "run";
  settings.master_socket = folder / "master";
  check_error(haproxy::reload(settings, {}, milliseconds(200)), errc::timeout, "");
  BOOST_TEST(
      (haproxy::show_proc(folder / "master", milliseconds(100)).error().kind == errc::timeout));
}

BOOST_AUTO_TEST_CASE(a_refusal_brings_the_log_along) {
  fake_master fake({"Success=0\n--\n[ALERT] parsing [x.cfg:16] : unknown keyword\n\n"});
  check_error(haproxy::reload(fake.settings, fake.can), errc::refused,
              "old worker: [ALERT] parsing [x.cfg:16] : unknown keyword");
  fake_master terse({"Success=0\n"});
  check_error(haproxy::reload(terse.settings, terse.can), errc::refused, "log");
}

BOOST_AUTO_TEST_CASE(a_reload_of_somebody_else_is_waited_for) {
  fake_master fake({"Success=0\n--\nAnother reload is still in progress.\n\n", "Success=1\n\n"});
  const auto result = haproxy::reload(fake.settings, fake.can);
  BOOST_REQUIRE(bool(result));
  BOOST_TEST(fake.reloads == 2U);
  BOOST_TEST(result->new_worker == 42);
}

// It says nothing of the configuration, so nothing of it may be blamed.
BOOST_AUTO_TEST_CASE(a_reload_of_somebody_else_that_lasts_is_a_timeout) {
  const std::string busy = "Success=0\n--\nAnother reload is still in progress.\n\n";
  fake_master fake(std::vector<std::string>(1'000, busy), 41);
  check_error(haproxy::reload(fake.settings, fake.can, milliseconds(100)), errc::timeout, "");
  BOOST_TEST(fake.reloads > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
