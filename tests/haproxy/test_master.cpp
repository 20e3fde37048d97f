#include "haproxy/master.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/haproxy/master_site.hpp"

namespace {

using namespace switchyard::tests;
using switchyard::base::errc;
namespace haproxy = switchyard::haproxy;

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
  upstream.set_delay(std::chrono::seconds(8));
  const auto port = free_port();
  haproxy_server server(site(port, upstream.port()));
  std::jthread client([&] { http_get(port, "/", "test", std::chrono::seconds(20)); });
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

BOOST_AUTO_TEST_SUITE_END()
