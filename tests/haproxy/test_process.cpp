#include "haproxy/process.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "haproxy/master.hpp"
#include "tests/haproxy/fake_socket.hpp"
#include "tests/support/haproxy_server.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using std::chrono::seconds;
using switchyard::base::errc;
using switchyard::haproxy::process;
namespace haproxy = switchyard::haproxy;

/// Settings in a temporary folder, and an end to whatever master runs there.
struct managed {
  managed() {
    settings.binary = haproxy_binary();
    settings.config_file = folder / "haproxy.cfg";
    settings.runtime_socket = folder / "run/deep/run.sock";
    settings.master_socket = folder / "run/deep/master.sock";
    configure(
        haproxy_site(port, "web", "    server s1 127.0.0.1:" + std::to_string(upstream.port())));
  }
  ~managed() {
    if (const auto proc = haproxy::show_proc(*settings.master_socket)) {
      ::kill(proc->master, SIGTERM);
      eventually([&] { return ::kill(proc->master, 0) != 0 || ended(proc->master); });
    }
  }
  managed(const managed&) = delete;
  managed& operator=(const managed&) = delete;

  void configure(const std::string& sections) const {
    write_text(settings.config_file, haproxy_head(settings.runtime_socket) + sections);
  }
  /// Gone, or dead and not reaped by whoever should.
  static bool ended(pid_t pid) {
    const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    return stat.empty() || stat.find(") Z ") != std::string::npos;
  }
  bool serves() const { return http_get(port).status == 200; }
  pid_t worker() const {
    const auto info = haproxy::show_info(settings.runtime_socket);
    return info ? info->pid : 0;
  }

  temp_dir folder;
  http_upstream upstream{"up"};
  std::uint16_t port = free_port();
  switchyard::config::haproxy_settings settings;
};

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

void require_ok(const switchyard::base::status& s) {
  BOOST_REQUIRE_MESSAGE(bool(s), (s ? "" : s.error().message));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(managed_process)

BOOST_AUTO_TEST_CASE(haproxy_starts_in_folders_that_were_not_there) {
  const managed m;
  process p(m.settings);
  BOOST_TEST(!p.alive());
  BOOST_TEST(p.pidfd() == -1);
  require_ok(p.ensure_running());
  BOOST_TEST(p.alive());
  BOOST_TEST(m.serves());
  BOOST_TEST(p.master_pid() == haproxy::show_proc(*m.settings.master_socket)->master);
  BOOST_TEST((mode_of(m.folder / "run/deep") & 07U) == 0U);
  BOOST_TEST((mode_of(*m.settings.master_socket) & 077U) == 0U);
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(a_running_haproxy_is_left_as_it_is) {
  const managed m;
  process p(m.settings);
  require_ok(p.ensure_running());
  const auto master = p.master_pid();
  const auto worker = m.worker();
  require_ok(p.ensure_running());
  BOOST_TEST(p.master_pid() == master);
  BOOST_TEST(m.worker() == worker);
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(the_environment_stays_with_us) {
  const managed m;
  ::setenv("SWITCHYARD_TEST_SECRET", "hunter2", 1);
  process p(m.settings);
  require_ok(p.ensure_running());
  const auto reply = ask_socket(m.settings.runtime_socket, "show env");
  ::unsetenv("SWITCHYARD_TEST_SECRET");
  BOOST_TEST(reply.find("PATH=") != std::string::npos);
  BOOST_TEST(reply.find("hunter2") == std::string::npos);
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(the_operators_own_file_is_read_first) {
  managed m;
  const auto port = free_port();
  m.settings.base_file = m.folder / "base.cfg";
  write_text(*m.settings.base_file,
             "defaults\n    mode http\n    timeout connect 1s\n    timeout client 5s\n"
             "    timeout server 5s\n" +
                 haproxy_site(port, "own", "    server s 127.0.0.1:1"));
  process p(m.settings);
  require_ok(p.ensure_running());
  BOOST_TEST(http_get(port).status == 503);
  BOOST_TEST(m.serves());
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(stopping_ends_master_and_worker_and_removes_the_sockets) {
  const managed m;
  process p(m.settings);
  require_ok(p.ensure_running());
  const auto worker = m.worker();
  p.stop(seconds(5));
  BOOST_TEST(!p.alive());
  BOOST_TEST(p.master_pid() == 0);
  BOOST_TEST(p.pidfd() == -1);
  BOOST_TEST(eventually([&] { return managed::ended(worker); }));
  BOOST_TEST(!std::filesystem::exists(m.settings.runtime_socket));
  BOOST_TEST(!std::filesystem::exists(*m.settings.master_socket));
  p.stop(seconds(5));  // nothing left to stop
  require_ok(p.ensure_running());
  BOOST_TEST(m.serves());
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(a_request_under_way_is_finished_within_the_grace) {
  managed m;
  process p(m.settings);
  require_ok(p.ensure_running());
  m.upstream.set_delay(seconds(1));
  int status = 0;
  std::jthread client([&] { status = http_get(m.port, "/", "test", seconds(10)).status; });
  BOOST_REQUIRE(eventually([&] { return m.upstream.requests() > 0; }));
  p.stop(seconds(10));
  client.join();
  BOOST_TEST(status == 200);
  BOOST_TEST(!p.alive());
}

BOOST_AUTO_TEST_CASE(a_request_that_outlasts_the_grace_is_cut) {
  managed m;
  process p(m.settings);
  require_ok(p.ensure_running());
  m.upstream.set_delay(seconds(4));
  const auto before = m.upstream.requests();
  int status = -1;
  std::jthread client([&] { status = http_get(m.port, "/", "test", seconds(10)).status; });
  BOOST_REQUIRE(eventually([&] { return m.upstream.requests() > before; }));
  p.stop(milliseconds(100));
  BOOST_TEST(!p.alive());
  client.join();
  BOOST_TEST(status != 200);
}

BOOST_AUTO_TEST_CASE(an_haproxy_that_was_left_behind_is_adopted_and_stopped) {
  const managed m;
  pid_t master = 0;
  {
    process first(m.settings);
    require_ok(first.ensure_running());
    master = first.master_pid();
  }
  BOOST_TEST(m.serves());
  process second(m.settings);
  require_ok(second.ensure_running());
  BOOST_TEST(second.master_pid() == master);
  BOOST_TEST(second.alive());
  BOOST_TEST(second.pidfd() >= 0);
  second.stop(seconds(5));
  BOOST_TEST(!second.alive());
  BOOST_TEST(managed::ended(master));
  BOOST_TEST(!std::filesystem::exists(*m.settings.master_socket));
}

// It listens on ports that nobody but HAProxy's own file tells of.
BOOST_AUTO_TEST_CASE(none_is_started_beside_one_whose_sockets_are_gone) {
  const managed m;
  process first(m.settings);
  require_ok(first.ensure_running());
  std::filesystem::remove(m.settings.runtime_socket);
  std::filesystem::remove(*m.settings.master_socket);
  {
    process second(m.settings);
    const auto result = second.ensure_running(milliseconds(500));
    BOOST_REQUIRE(!result);
    BOOST_TEST((result.error().kind == errc::conflict), result.error().message);
    BOOST_TEST(result.error().message.find("kill " + std::to_string(first.master_pid())) !=
               std::string::npos);
    BOOST_TEST(second.master_pid() == 0);
  }
  BOOST_TEST(!std::filesystem::exists(*m.settings.master_socket));
  first.stop(seconds(5));
  require_ok(haproxy::none_left_behind(m.settings));
  process third(m.settings);
  require_ok(third.ensure_running());
  third.stop(seconds(5));
}

// The pid that was kept is somebody else's by now, or the file is not ours.
BOOST_AUTO_TEST_CASE(a_process_that_is_not_the_one_that_was_kept_is_no_obstacle) {
  const managed m;
  const auto self = haproxy::program_at(::getpid());
  const auto kept = m.settings.config_file + ".master";
  for (const auto& text : {std::to_string(self.pid) + " " + std::to_string(self.started) + "\n",
                           std::to_string(self.pid) + " 1\n", std::string("garbage\n")}) {
    write_text(kept, text);
    BOOST_TEST(bool(haproxy::none_left_behind(m.settings, milliseconds(0))), text);
  }
}

BOOST_AUTO_TEST_CASE(an_haproxy_on_another_file_is_not_adopted) {
  const haproxy_server other(haproxy_site(free_port(), "web", "    server s 127.0.0.1:1"));
  managed m;
  m.settings.master_socket = other.master_socket();
  process p(m.settings);
  const auto result = p.ensure_running(seconds(2));
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::conflict), result.error().message);
  BOOST_TEST(result.error().message.find(std::to_string(other.master_pid())) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_adopted_haproxy_that_dies_is_noticed_and_replaced) {
  const haproxy_server other(haproxy_site(free_port(), "web", "    server s 127.0.0.1:1"));
  switchyard::config::haproxy_settings settings;
  settings.binary = haproxy_binary();
  settings.config_file = other.config_file();
  settings.runtime_socket = other.runtime_socket();
  settings.master_socket = other.master_socket();
  process p(settings);
  require_ok(p.ensure_running());
  BOOST_TEST(p.master_pid() == other.master_pid());
  ::kill(other.master_pid(), SIGKILL);
  BOOST_TEST(eventually([&] { return !p.alive(); }));
  require_ok(p.ensure_running());
  BOOST_TEST(p.master_pid() != other.master_pid());
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(a_killed_master_is_noticed_and_replaced_without_a_second_worker) {
  const managed m;
  process p(m.settings);
  require_ok(p.ensure_running());
  const auto worker = m.worker();
  for (int i = 0; i < 3; ++i) {
    const auto before = m.worker();
    ::kill(p.master_pid(), SIGKILL);
    const auto ended =
        switchyard::base::wait_readable(p.pidfd(), switchyard::base::deadline(seconds(10)));
    BOOST_REQUIRE((ended && *ended));
    BOOST_TEST(!p.alive());
    require_ok(p.ensure_running());
    BOOST_TEST(m.serves());
    BOOST_TEST(m.worker() != before);
    BOOST_TEST(eventually([&] { return managed::ended(before); }));
  }
  BOOST_TEST(managed::ended(worker));
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(a_killed_worker_takes_the_master_along_and_all_is_replaced) {
  const managed m;
  process p(m.settings);
  require_ok(p.ensure_running());
  ::kill(m.worker(), SIGKILL);
  BOOST_TEST(eventually([&] { return !p.alive(); }));
  require_ok(p.ensure_running());
  BOOST_TEST(m.serves());
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(stale_socket_files_are_no_obstacle) {
  const managed m;
  std::filesystem::create_directories(m.folder / "run/deep");
  { const fake_socket stale(m.settings.runtime_socket); }
  { const fake_socket stale(*m.settings.master_socket); }
  process p(m.settings);
  require_ok(p.ensure_running());
  BOOST_TEST(m.serves());
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(a_master_that_keeps_silent_is_not_doubled) {
  const managed m;
  std::filesystem::create_directories(m.folder / "run/deep");
  const fake_socket silent(*m.settings.master_socket);
  process p(m.settings);
  const auto result = p.ensure_running(milliseconds(500));
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::timeout));
  BOOST_TEST(std::filesystem::exists(*m.settings.master_socket));
}

BOOST_AUTO_TEST_CASE(a_worker_of_somebody_else_on_our_socket_is_a_conflict) {
  const haproxy_server other(haproxy_site(free_port(), "web", "    server s 127.0.0.1:1"));
  managed m;
  m.settings.runtime_socket = other.runtime_socket();
  process p(m.settings);
  const auto result = p.ensure_running(milliseconds(700));
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::conflict));
  BOOST_TEST(other.worker_pid() > 0);
}

BOOST_AUTO_TEST_CASE(a_bad_configuration_ends_haproxy_and_is_reported_at_once) {
  const managed m;
  m.configure("backend web\n    garbage\n");
  process p(m.settings);
  const switchyard::base::deadline patience(seconds(10));
  const auto result = p.ensure_running();
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::refused));
  BOOST_TEST(result.error().message.find("exit code 1") != std::string::npos,
             result.error().message);
  BOOST_TEST(!patience.passed());
  BOOST_TEST(!p.alive());
}

BOOST_AUTO_TEST_CASE(a_missing_binary_is_not_found) {
  managed m;
  m.settings.binary = m.folder / "no-haproxy";
  process p(m.settings);
  const auto result = p.ensure_running();
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_runtime_socket_that_never_answers_is_a_timeout) {
  managed m;
  m.settings.runtime_socket = m.folder / "run/other.sock";
  process p(m.settings);
  const auto result = p.ensure_running(seconds(2));
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::timeout));
  BOOST_TEST(p.alive());
  p.stop(seconds(1));
}

BOOST_AUTO_TEST_SUITE_END()
