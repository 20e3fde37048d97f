// The server with real sockets: addresses, connections, the grammar of requests.

#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "api/http_server.hpp"
#include "tests/api/served.hpp"
#include "tests/support/fewer_descriptors.hpp"
#include "tests/support/no_new_threads.hpp"
#include "tests/support/on_a_terminal.hpp"
#include "tests/support/process_figures.hpp"
#include "tests/support/support.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::api {

namespace {

using namespace tests;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(server, served)

BOOST_AUTO_TEST_CASE(a_wait_that_fails_is_tried_again_without_haste) {
  start();
  const base::unique_fd early(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  {
    const fewer_descriptors none(1);  // poll(2) takes no more of them either
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(::connect(early.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    BOOST_TEST(own_cpu_time_within(std::chrono::milliseconds(600)).count() < 250);
  }
  BOOST_TEST(http_ask(port, "GET", "/hello/you").status == 200);
}

BOOST_AUTO_TEST_CASE(a_parameter_that_is_not_there_is_refused_with_those_that_are) {
  router all;
  const auto fine = [](const request&) { return reply{}; };
  all.add("GET", "/one", fine, {"limit", "cursor"});
  all.add("GET", "/none", fine);
  const auto asked = [&](const std::string& path, const std::string& parameter) {
    request r;
    r.method = "GET";
    r.path = path;
    r.query.emplace(parameter, "x");
    return all.dispatch(r);
  };
  BOOST_TEST(asked("/one", "limit").status == 200);
  const auto refused = asked("/one", "limt");
  BOOST_TEST(refused.status == 400);
  BOOST_TEST(
      contains(refused.body, R"(there is no parameter \"limt\" here; /one has cursor, limit)"),
      refused.body);
  BOOST_TEST(contains(asked("/none", "x").body, "/none has none"));
}

BOOST_AUTO_TEST_CASE(requests_of_one_connection_follow_each_other) {
  start();
  raw_client client(port);
  client.send(ordinary + ordinary);
  auto both = client.read_until("you\"}HTTP");
  if (!both.ends_with("you\"}")) both += client.read_until("you\"}");
  BOOST_TEST(contains(both, "HTTP/1.1 200 OK"), both);
  BOOST_TEST(!contains(both, "Connection: close"), both);
  client.send(
      "PUT /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 4\r\nConnection: close\r\n\r\n[12]");
  BOOST_TEST(contains(client.read_until("[12]"), "Connection: close"));
  BOOST_TEST(client.ends());
}

BOOST_AUTO_TEST_CASE(its_threads_stand_back_for_all_others) {
  const auto own = ::getpriority(PRIO_PROCESS, 0);
  const auto policy = ::sched_getscheduler(0);
  routes.add("GET", "/thread", [](const request&) {
    reply r;
    r.body = std::to_string(::sched_getscheduler(0)) + " " +
             std::to_string(::getpriority(PRIO_PROCESS, 0));
    return r;
  });
  start();
  const auto wanted = std::to_string(SCHED_BATCH) + " " + std::to_string(std::min(own + 10, 19));
  BOOST_TEST(http_ask(port, "GET", "/thread").body == wanted);
  BOOST_TEST(::sched_getscheduler(0) == policy);
  BOOST_TEST(::getpriority(PRIO_PROCESS, 0) == own);
}

BOOST_AUTO_TEST_CASE(an_address_can_be_had_again_at_once) {
  start();
  {
    raw_client client(port);
    client.send("GET /hello/you HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    BOOST_TEST(client.ends());  // by the server, which is left in TIME_WAIT
  }
  server.reset();
  start();
  BOOST_TEST(http_ask(port, "GET", "/hello/you").status == 200);
}

BOOST_AUTO_TEST_CASE(what_an_endpoint_throws_stays_inside) {
  std::string told;
  routes.on_exception([&](const request&, const std::string& what) { told = what; });
  start();
  const auto answer = http_ask(port, "GET", "/throws");
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(!contains(answer.body, "the inside"));
  BOOST_TEST(told == "the inside");
}

BOOST_AUTO_TEST_CASE(what_is_no_request_is_refused) {
  start();
  for (const std::string text :
       {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"}) {
    raw_client client(port);
    client.send(text);
    BOOST_TEST(contains(client.read_until("\r\n\r\n"), "HTTP/1.1 400"), text);
    BOOST_TEST(client.ends());
  }
}

BOOST_AUTO_TEST_CASE(a_server_for_which_there_is_no_thread_says_so) {
  {
    const no_new_threads none;
    http_server poor(settings, routes);
    const auto started = poor.start();
    BOOST_REQUIRE(!started);
    BOOST_TEST(contains(started.error().message, "thread"));
  }
  start();
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_is_said) {
  start();
  http_server second(settings, routes);
  const auto started = second.start();
  BOOST_REQUIRE(!started);
  BOOST_TEST(contains(started.error().message, "is in use"));
}

BOOST_AUTO_TEST_CASE(a_unix_socket_is_for_owner_and_group_and_goes_with_the_server) {
  temp_dir folder;
  const auto path = folder / "api.sock";
  settings.listen = "unix:" + path;
  start();
  struct stat there {};
  BOOST_REQUIRE(::stat(path.c_str(), &there) == 0);
  BOOST_TEST((there.st_mode & 0777U) == 0660U);
  BOOST_TEST(contains(
      run_program({"curl", "-sS", "--unix-socket", path, "http://localhost/hello/you"}), "you"));
  http_server second(settings, routes);
  BOOST_TEST(!second.start());
  server.reset();
  BOOST_TEST(::stat(path.c_str(), &there) != 0);
  // One that a killed process left behind is in nobody's way.
  {
    const base::unique_fd left(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    BOOST_REQUIRE(::bind(left.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  start();
  write_text(folder.path() / "file", "somebody's");
  settings.listen = "unix:" + (folder / "file");
  http_server third(settings, routes);
  BOOST_TEST(!third.start());
  BOOST_TEST(read_text(folder.path() / "file") == "somebody's");
  // One whose file was removed leaves that of its successor alone.
  BOOST_REQUIRE(::unlink(path.c_str()) == 0);
  settings.listen = "unix:" + path;
  http_server successor(settings, routes);
  BOOST_TEST(static_cast<bool>(successor.start()));
  server.reset();
  BOOST_TEST(::stat(path.c_str(), &there) == 0);
}

BOOST_AUTO_TEST_CASE(who_may_be_in_the_way_of_an_address_is_known) {
  temp_dir folder;
  write_text(folder.path() / "api.sock", "");
  const auto path = "unix:" + (folder / "api.sock");
  BOOST_TEST(in_the_way("127.0.0.1:9090", "127.0.0.1:9090"));
  BOOST_TEST(in_the_way("127.0.0.1:9090", "*:9090"));
  BOOST_TEST(in_the_way(path, path));
  BOOST_TEST(in_the_way(path, "unix:" + (folder / "./api.sock")));
  BOOST_TEST(!in_the_way("127.0.0.1:9090", "127.0.0.1:9091"));
  BOOST_TEST(!in_the_way(path, "127.0.0.1:9090"));
  BOOST_TEST(!in_the_way(path, "unix:" + (folder / "other.sock")));
}

BOOST_AUTO_TEST_CASE(tls_is_spoken_with_the_certificate) {
  temp_dir folder;
  const auto pair = self_signed("localhost");
  write_text(folder.path() / "cert.pem", pair.certificate);
  write_text(folder.path() / "key.pem", pair.key);
  auto tls = tls_context::load(folder / "cert.pem", folder / "key.pem");
  BOOST_REQUIRE(static_cast<bool>(tls));
  settings.tls = *tls;
  start();
  const auto url = "https://localhost:" + std::to_string(port) + "/hello/you";
  BOOST_TEST(contains(run_program({"curl", "-sS", "--cacert", folder / "cert.pem", url}), "you"));
  BOOST_TEST(http_ask(port, "GET", "/hello/you").status == 0);
  BOOST_TEST((*tls)->shows_same(**tls_context::load(folder / "cert.pem", folder / "key.pem")));
  const auto next = self_signed("localhost");
  write_text(folder.path() / "chain.pem", pair.certificate + next.certificate);
  write_text(folder.path() / "next.pem", next.certificate);
  write_text(folder.path() / "next.key", next.key);
  BOOST_TEST(!(*tls)->shows_same(**tls_context::load(folder / "chain.pem", folder / "key.pem")));
  BOOST_TEST(!(*tls)->shows_same(**tls_context::load(folder / "next.pem", folder / "next.key")));
  BOOST_TEST(!tls_context::load(folder / "key.pem", folder / "key.pem"));
  BOOST_TEST(!tls_context::load(folder / "cert.pem", folder / "none.pem"));
  write_text(folder.path() / "locked.key", encrypted_key(pair.key));
  BOOST_TEST(holds_on_a_terminal([&] {
    const auto made = tls_context::load(folder / "cert.pem", folder / "locked.key");
    return !made && contains(made.error().message, "has a passphrase");
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
