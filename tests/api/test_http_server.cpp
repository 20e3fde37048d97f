// The server with real sockets: limits, deadlines, slow and hostile clients.

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "api/http_server.hpp"
#include "tests/support/no_new_threads.hpp"
#include "tests/support/support.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::api {

namespace {

using namespace std::chrono_literals;
using namespace tests;

/// A connection that is written and read by hand.
class raw_client {
 public:
  explicit raw_client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  }

  void send(std::string_view text) const {
    BOOST_TEST(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0);
  }

  /// All that comes until `part` has come, the end, or the deadline.
  std::string read_until(std::string_view part, std::chrono::milliseconds longest = 10s) {
    const base::deadline until(longest);
    while (!contains(text_, part)) {
      const auto ready = base::wait_readable(fd_.get(), until);
      if (!ready || !*ready) break;
      std::array<char, 4096> block{};
      const auto n = ::recv(fd_.get(), block.data(), block.size(), 0);
      if (n <= 0) {
        ended_ = true;
        break;
      }
      text_.append(block.data(), static_cast<std::size_t>(n));
    }
    return std::exchange(text_, {});
  }

  /// Is gone from now on, with a reset.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }

  bool ends(std::chrono::milliseconds longest = 10s) {
    read_until("\x01", longest);
    return ended_;
  }

 private:
  base::unique_fd fd_;
  std::string text_;
  bool ended_ = false;
};

struct served {
  std::uint16_t port = free_port();
  router routes;
  std::atomic<int> pieces_sent{0};
  std::unique_ptr<http_server> server;
  server_settings settings;

  served() {
    routes.add("GET", "/hello/{name}", [](const request& r) {
      reply answer;
      answer.body = nlohmann::json{{"name", r.parameter("name")}}.dump();
      return answer;
    });
    routes.add("PUT", "/echo", [](const request& r) {
      reply answer;
      answer.body = r.body;
      return answer;
    });
    routes.add("GET", "/throws",
               [](const request&) -> reply { throw std::runtime_error("the inside"); });
    routes.add("GET", "/stream", [this](const request&) {
      reply answer;
      answer.type = "text/event-stream";
      answer.stream = [this](std::chrono::milliseconds) -> std::optional<std::string> {
        const int n = ++pieces_sent;
        return n <= 3 ? "data: " + std::to_string(n) + "\n\n" : "";
      };
      return answer;
    });
    settings.listen = "127.0.0.1:" + std::to_string(port);
  }

  void start() {
    server = std::make_unique<http_server>(settings, routes);
    const auto started = server->start();
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(started), (started ? "" : started.error().message));
  }
};

const std::string ordinary = "GET /hello/you HTTP/1.1\r\nHost: localhost\r\n\r\n";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(server, served)

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

BOOST_AUTO_TEST_CASE(bodies_are_limited_and_json) {
  settings.limits.body_bytes = 1000;
  start();
  BOOST_TEST(http_ask(port, "PUT", "/echo", std::string(1000, ' ')).status == 200);
  BOOST_TEST(http_ask(port, "PUT", "/echo", std::string(1001, ' ')).status == 413);
  BOOST_TEST(http_ask(port, "PUT", "/echo", std::string(10'000'000, ' ')).status == 413);
  const auto with = [&](const std::string& fields) {
    return http_ask(port, "PUT", "/echo", "{}", fields).status;
  };
  BOOST_TEST(with("Content-Type: text/plain\r\n") == 415);
  BOOST_TEST(with("Content-Type: application/json; charset=utf-8\r\n") == 200);
  BOOST_TEST(with("Content-Encoding: gzip\r\n") == 415);
  BOOST_TEST(with("Transfer-Encoding: chunked\r\n") == 411);
  BOOST_TEST(http_ask(port, "PUT", "/echo", "", "Content-Length: -1\r\n").status == 400);
  BOOST_TEST(
      http_ask(port, "PUT", "/echo", "", "Content-Length: 99999999999999999999\r\n").status == 413);
  BOOST_TEST(http_ask(port, "PUT", "/echo", "{}", "Content-Length: 1\r\n").status == 400);
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

BOOST_AUTO_TEST_CASE(heads_are_limited) {
  settings.limits.head_bytes = 2000;
  start();
  const auto filler = "X-Filler: " + std::string(3000, 'x') + "\r\n";
  BOOST_TEST(http_ask(port, "GET", "/hello/you", "", filler).status == 431);
  raw_client endless(port);
  endless.send("GET /" + std::string(5000, 'a'));
  BOOST_TEST(endless.ends());
}

BOOST_AUTO_TEST_CASE(a_request_that_does_not_come_to_its_end_is_given_up) {
  settings.limits.request = 200ms;
  settings.limits.idle = 400ms;
  start();
  raw_client head(port);
  head.send("GET /hello/you HTTP/1.1\r\nHost: loc");
  BOOST_TEST(contains(head.read_until("\r\n\r\n"), "HTTP/1.1 408"));
  BOOST_TEST(head.ends());
  raw_client body(port);
  body.send(
      "PUT /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 10\r\n\r\n[");
  BOOST_TEST(contains(body.read_until("\r\n\r\n"), "HTTP/1.1 408"));
  raw_client silent(port);
  BOOST_TEST(silent.ends());
}

BOOST_AUTO_TEST_CASE(slow_clients_lock_nobody_out) {
  settings.limits.connections = 20;
  settings.limits.request = 30s;
  start();
  std::vector<std::unique_ptr<raw_client>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<raw_client>(port));
    slow.back()->send("GET /hello/you HTT");
  }
  // Who comes while the slow ones still do may be put out once in their stead.
  for (int i = 0; i < 20; ++i)
    BOOST_TEST(
        eventually([&] { return http_ask(port, "GET", "/hello/you", "", "", 5s).status == 200; }));
  BOOST_TEST(slow.front()->ends());
}

BOOST_AUTO_TEST_CASE(long_lived_answers_are_capped_and_end_with_the_server) {
  settings.limits.streams = 2;
  start();
  const std::string wish = "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
  raw_client one(port), two(port), three(port);
  one.send(wish);
  const auto text = one.read_until("data: 3\n\n");
  BOOST_TEST(contains(text, "Content-Type: text/event-stream"), text);
  BOOST_TEST(!contains(text, "Content-Length"), text);
  BOOST_TEST(contains(text, "\r\n\r\ndata: 1\n\ndata: 2\n\ndata: 3\n\n"), text);
  two.send(wish);
  two.read_until("\r\n\r\n");
  three.send(wish);
  BOOST_TEST(contains(three.read_until("\r\n\r\n"), "HTTP/1.1 503"));
  server.reset();
  BOOST_TEST(one.ends());
  BOOST_TEST(two.ends());
}

BOOST_AUTO_TEST_CASE(a_long_lived_answer_gives_its_place_back) {
  settings.limits.streams = 1;
  start();
  const std::string wish = "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
  {
    raw_client first(port);
    first.send(wish);
    BOOST_TEST(contains(first.read_until("\r\n\r\n"), "200 OK"));
  }
  BOOST_TEST(eventually([&] {
    raw_client next(port);
    next.send(wish);
    return contains(next.read_until("\r\n\r\n"), "200 OK");
  }));
}

BOOST_AUTO_TEST_CASE(a_long_lived_answer_that_cannot_be_begun_gives_its_place_back) {
  settings.limits.streams = 1;
  std::optional<raw_client> client;
  routes.add("GET", "/lost", [&](const request&) {
    client->reset();
    reply answer;
    answer.type = "text/event-stream";
    answer.stream = [](std::chrono::milliseconds) { return std::optional<std::string>(""); };
    return answer;
  });
  start();
  client.emplace(port);
  client->send("GET /lost HTTP/1.1\r\nHost: localhost\r\n\r\n");
  BOOST_TEST(eventually([&] {
    raw_client next(port);
    next.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return contains(next.read_until("\r\n\r\n"), "200 OK");
  }));
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_no_answer_holds_up_no_end) {
  std::atomic<int> sent{0};
  routes.add("GET", "/flood", [&](const request&) {
    reply answer;
    answer.type = "text/event-stream";
    answer.stream = [&](std::chrono::milliseconds) {
      ++sent;
      return std::optional(std::string(16U << 20, ' '));
    };
    return answer;
  });
  start();
  raw_client idle(port);
  idle.send("GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
  BOOST_REQUIRE(eventually([&] { return sent > 0; }));
  const auto begun = std::chrono::steady_clock::now();
  server.reset();
  // A piece may take limits.answer, half a minute.
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 15s));
}

BOOST_AUTO_TEST_CASE(a_client_for_whom_there_is_no_thread_is_turned_away) {
  start();
  raw_client silent(port);
  BOOST_REQUIRE(http_ask(port, "GET", "/hello/you").status == 200);
  {
    const no_new_threads none;
    BOOST_TEST(raw_client(port).ends());
    BOOST_TEST(silent.ends());  // its place may serve who comes next
  }
  BOOST_TEST(http_ask(port, "GET", "/hello/you").status == 200);
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
  BOOST_TEST(!tls_context::load(folder / "key.pem", folder / "key.pem"));
  BOOST_TEST(!tls_context::load(folder / "cert.pem", folder / "none.pem"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
