#include "haproxy/process.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "haproxy/messages.hpp"
#include "tests/haproxy/managed_haproxy.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using std::chrono::seconds;
using switchyard::base::errc;
using switchyard::haproxy::process;
namespace haproxy = switchyard::haproxy;

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(managed_process)

BOOST_AUTO_TEST_CASE(haproxy_starts_in_folders_that_were_not_there) {
  const managed_haproxy m;
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
  const managed_haproxy m;
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
  const managed_haproxy m;
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
  managed_haproxy m;
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
  const managed_haproxy m;
  process p(m.settings);
  require_ok(p.ensure_running());
  const auto worker = m.worker();
  p.stop(seconds(5));
  BOOST_TEST(!p.alive());
  BOOST_TEST(p.master_pid() == 0);
  BOOST_TEST(p.pidfd() == -1);
  BOOST_TEST(eventually([&] { return managed_haproxy::ended(worker); }));
  BOOST_TEST(!std::filesystem::exists(m.settings.runtime_socket));
  BOOST_TEST(!std::filesystem::exists(*m.settings.master_socket));
  p.stop(seconds(5));  // nothing left to stop
  require_ok(p.ensure_running());
  BOOST_TEST(m.serves());
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(a_request_under_way_is_finished_within_the_grace) {
  managed_haproxy m;
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
  managed_haproxy m;
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

BOOST_AUTO_TEST_CASE(a_killed_master_is_noticed_and_replaced_without_a_second_worker) {
  const managed_haproxy m;
  process p(m.settings);
  require_ok(p.ensure_running());
  const auto worker = m.worker();
  for (int i = 0; i < 3; ++i) {
    const auto before = m.worker();
    ::kill(p.master_pid(), SIGKILL);
    BOOST_TEST(p.last_end().empty() == (i == 0));
    const auto ended =
        switchyard::base::wait_readable(p.pidfd(), switchyard::base::deadline(seconds(10)));
    BOOST_REQUIRE((ended && *ended));
    BOOST_TEST(!p.alive());
    BOOST_TEST(p.last_end() == "SIGKILL");
    require_ok(p.ensure_running());
    BOOST_TEST(m.serves());
    BOOST_TEST(m.worker() != before);
    BOOST_TEST(eventually([&] { return managed_haproxy::ended(before); }));
  }
  BOOST_TEST(managed_haproxy::ended(worker));
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(a_killed_worker_takes_the_master_along_and_all_is_replaced) {
  const managed_haproxy m;
  process p(m.settings);
  require_ok(p.ensure_running());
  ::kill(m.worker(), SIGKILL);
  BOOST_TEST(eventually([&] { return !p.alive(); }));
  BOOST_TEST(p.last_end() == "SIGKILL");
  require_ok(p.ensure_running());
  BOOST_TEST(m.serves());
  p.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(a_bad_configuration_ends_haproxy_and_is_reported_at_once) {
  const managed_haproxy m;
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

BOOST_AUTO_TEST_CASE(its_words_go_to_the_pipe_beside_the_file_also_why_it_does_not_start) {
  const managed_haproxy m;
  const auto said = [&](const switchyard::base::unique_fd& pipe) {
    std::string text(65536, ' ');
    const auto n = ::read(pipe.get(), text.data(), text.size());
    return text.substr(0, n > 0 ? static_cast<std::size_t>(n) : 0);
  };
  const auto pipe = haproxy::open_messages(m.settings.config_file);
  BOOST_REQUIRE(bool(pipe));
  process p(m.settings);
  require_ok(p.ensure_running());
  const auto quiet = said(*pipe);
  ask_socket(m.settings.runtime_socket, "set server web/s1 state maint");
  std::string text;
  BOOST_TEST(eventually([&] { return contains(text += said(*pipe), "Server web/s1 is "); }), quiet);
  p.stop(seconds(5));
  m.configure("backend web\n    garbage\n");
  BOOST_TEST(!p.ensure_running());
  BOOST_TEST(contains(said(*pipe), "unknown keyword 'garbage'"));
}

BOOST_AUTO_TEST_CASE(a_missing_binary_is_not_found) {
  managed_haproxy m;
  m.settings.binary = m.folder / "no-haproxy";
  process p(m.settings);
  const auto result = p.ensure_running();
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_runtime_socket_that_never_answers_is_a_timeout) {
  managed_haproxy m;
  m.settings.runtime_socket = m.folder / "run/other.sock";
  process p(m.settings);
  const auto result = p.ensure_running(seconds(2));
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::timeout));
  BOOST_TEST(p.alive());
  p.stop(seconds(1));
}

BOOST_AUTO_TEST_SUITE_END()
