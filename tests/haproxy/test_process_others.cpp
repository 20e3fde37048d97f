// What a managed HAProxy finds where it is to start: one of an earlier run, somebody else's, or
// what is left of one.

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <string>

#include "haproxy/process.hpp"
#include "tests/haproxy/fake_socket.hpp"
#include "tests/haproxy/managed_haproxy.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using std::chrono::seconds;
using switchyard::base::errc;
using switchyard::haproxy::process;
namespace haproxy = switchyard::haproxy;

}  // namespace

BOOST_AUTO_TEST_SUITE(managed_process_and_others)

BOOST_AUTO_TEST_CASE(an_haproxy_that_was_left_behind_is_adopted_and_stopped) {
  const managed_haproxy m;
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
  BOOST_TEST(managed_haproxy::ended(master));
  BOOST_TEST(!std::filesystem::exists(*m.settings.master_socket));
}

// It listens on ports that nobody but HAProxy's own file tells of.
BOOST_AUTO_TEST_CASE(none_is_started_beside_one_whose_sockets_are_gone) {
  const managed_haproxy m;
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
  const managed_haproxy m;
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
  managed_haproxy m;
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

BOOST_AUTO_TEST_CASE(stale_socket_files_are_no_obstacle) {
  const managed_haproxy m;
  std::filesystem::create_directories(m.folder / "run/deep");
  { const fake_socket stale(m.settings.runtime_socket); }
  { const fake_socket stale(*m.settings.master_socket); }
  process p(m.settings);
  require_ok(p.ensure_running());
  BOOST_TEST(m.serves());
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(a_master_that_keeps_silent_is_not_doubled) {
  const managed_haproxy m;
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
  managed_haproxy m;
  m.settings.runtime_socket = other.runtime_socket();
  process p(m.settings);
  const auto result = p.ensure_running(milliseconds(700));
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::conflict));
  BOOST_TEST(other.worker_pid() > 0);
}

BOOST_AUTO_TEST_SUITE_END()
