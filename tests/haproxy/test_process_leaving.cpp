// A managed HAProxy that was being ended when switchyard was killed.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "haproxy/kept_master.hpp"
#include "haproxy/process.hpp"
#include "haproxy/program.hpp"
#include "tests/haproxy/managed_haproxy.hpp"
#include "tests/support/process_figures.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::seconds;
using switchyard::haproxy::kept_master;
using switchyard::haproxy::process;
namespace haproxy = switchyard::haproxy;

/// An HAProxy of which is kept that it is being ended, and that has had no signal yet.
struct leaving_site : managed_haproxy {
  leaving_site() {
    require_ok(first.ensure_running());
    master = first.master_pid();
    require_ok(kept_master(settings).keep(haproxy::program_at(master), kept_master::course::stops));
  }
  ~leaving_site() { ::kill(master, SIGKILL); }  // reaped by `first`, after this
  leaving_site(const leaving_site&) = delete;
  leaving_site& operator=(const leaving_site&) = delete;

  process first{settings};
  pid_t master = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(a_managed_process_that_was_being_ended, leaving_site)

// Two of them would share the traffic.
BOOST_AUTO_TEST_CASE(is_ended_before_another_one_is_started) {
  process second(settings);
  require_ok(second.ensure_running());
  BOOST_TEST(second.master_pid() != master);
  BOOST_TEST(eventually([&] { return ended(master); }));
  BOOST_TEST(serves());
  second.stop(seconds(5));
}

BOOST_AUTO_TEST_CASE(finishes_its_requests_beside_the_new_one) {
  upstream.set_delay(seconds(3));
  int status = 0;
  std::jthread client([&] { status = http_get(port, "/", "test", seconds(20)).status; });
  BOOST_REQUIRE(eventually([&] { return upstream.requests() > 0; }));
  process second(settings);
  require_ok(second.ensure_running());
  client.join();
  BOOST_TEST(status == 200);
  BOOST_TEST(eventually([&] { return ended(master); }));
  second.stop(seconds(5));
}

BOOST_AUTO_TEST_SUITE_END()

// A signal that comes so early is lost (3.4), and nobody listens yet.
BOOST_FIXTURE_TEST_CASE(a_managed_process_that_was_being_ended_while_it_loaded, managed_haproxy) {
  auto servers = "    server up 127.0.0.1:" + std::to_string(upstream.port());
  // The worker of 3.4 takes its time to load them, while its master waits.
  const int many = haproxy_adds_backends() ? 40'000 : 100;
  for (int i = 0; i < many; ++i)
    servers += "\n    server s" + std::to_string(i) + " 127.0.0.1:" + std::to_string(1024 + i) +
               " disabled";
  configure(haproxy_site(port, "web", servers));
  std::filesystem::create_directories(std::filesystem::path(*settings.master_socket).parent_path());
  const background_process loading(
      {settings.binary, "-W", "-S", *settings.master_socket, "-f", settings.config_file},
      folder / "loading.log");
  BOOST_REQUIRE(eventually([&] { return child_count(loading.pid()) > 0; }));
  require_ok(
      kept_master(settings).keep(haproxy::program_at(loading.pid()), kept_master::course::stops));
  process second(settings);
  require_ok(second.ensure_running(seconds(120)));
  BOOST_TEST(second.master_pid() != loading.pid());
  BOOST_TEST(eventually([&] { return ended(loading.pid()); }));
  BOOST_TEST(serves());
  second.stop(seconds(5));
}
