// The ways to reload that go past the master's socket: a signal, and the operator's own command.

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "tests/haproxy/master_site.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using switchyard::base::errc;
namespace haproxy = switchyard::haproxy;

}  // namespace

BOOST_AUTO_TEST_SUITE(ways_past_the_master)

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
  BOOST_TEST(eventually([&] { return server.worker_pid() == result->new_worker; }));

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

BOOST_AUTO_TEST_CASE(a_folder_that_we_may_not_enter_is_an_error_as_any_other) {
  const temp_dir folder;
  switchyard::config::haproxy_settings settings;
  settings.runtime_socket = folder / "run";
  settings.master_socket = folder / "master";
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read);
  const bool root = ::geteuid() == 0;  // whom no permissions keep out
  if (root) BOOST_REQUIRE(::seteuid(65534) == 0);
  const auto found = haproxy::find_master(settings, {}, 1);
  if (root) BOOST_REQUIRE(::seteuid(0) == 0);
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  BOOST_REQUIRE(!found);
  BOOST_TEST((found.error().kind == errc::unavailable), found.error().message);
}

BOOST_AUTO_TEST_SUITE_END()
