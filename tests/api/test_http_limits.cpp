// What one client may take of the server, and what all of them may: sizes, deadlines, places,
// turns.

#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "api/http_server.hpp"
#include "api/problem.hpp"
#include "tests/api/served.hpp"
#include "tests/support/no_new_threads.hpp"
#include "tests/support/process_figures.hpp"
#include "tests/support/support.hpp"

namespace switchyard::api {

namespace {

using namespace std::chrono_literals;
using namespace tests;

/// A request with a body of that many bytes, which is still to come.
std::string announced(std::size_t bytes) {
  return "PUT /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(bytes) + "\r\n\r\n";
}

/// A server whose turn is taken, by a client that has it until `go_on`.
struct at_work : served {
  std::atomic<bool> working{false}, go_on{false};
  std::thread busy;

  void begin(std::chrono::milliseconds request_limit) {
    routes.add("PUT", "/work", [&](const request&) {
      working = true;
      eventually([&] { return go_on.load(); }, 30s);
      return reply{};
    });
    settings.limits.request = request_limit;
    start();
    busy = std::thread([this] { http_ask(port, "PUT", "/work", "[]"); });
    BOOST_TEST(eventually([&] { return working.load(); }));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(limits, served)

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
  std::atomic<bool> lost{false};
  routes.add("GET", "/lost", [&](const request&) {
    client->reset();
    lost = true;
    reply answer;
    answer.type = "text/event-stream";
    answer.stream = [](std::chrono::milliseconds) { return std::optional<std::string>(""); };
    return answer;
  });
  start();
  client.emplace(port);
  client->send("GET /lost HTTP/1.1\r\nHost: localhost\r\n\r\n");
  BOOST_REQUIRE(eventually([&] { return lost.load(); }));
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

// 4 in 5 ms, and the first ones at once.
BOOST_AUTO_TEST_CASE(a_burst_of_clients_is_spread) {
  start();
  const auto begun = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<raw_client>> all;
  for (int i = 0; i < 60; ++i) {
    all.push_back(std::make_unique<raw_client>(port));
    all.back()->send(ordinary);
  }
  for (auto& client : all) BOOST_TEST(contains(client->read_until("you\"}"), " 200 "));
  BOOST_TEST((std::chrono::steady_clock::now() - begun >= 13 * 5ms));
}

BOOST_AUTO_TEST_CASE(a_client_for_whom_there_is_no_thread_is_turned_away) {
  start();
  raw_client silent(port);
  BOOST_REQUIRE(http_ask(port, "GET", "/hello/you").status == 200);
  {
    const no_new_threads none;
    // The thread of the last request may serve one of them.
    std::vector<std::unique_ptr<raw_client>> more;
    BOOST_TEST(eventually(
        [&] { return more.emplace_back(std::make_unique<raw_client>(port))->ends(500ms); }));
    BOOST_TEST(silent.ends());  // its place may serve who comes next
  }
  BOOST_TEST(http_ask(port, "GET", "/hello/you").status == 200);
}

BOOST_AUTO_TEST_CASE(large_bodies_wait_for_a_place_and_small_ones_need_none) {
  settings.limits.large_body_bytes = 1000;
  settings.limits.large_bodies = 1;
  settings.limits.request = 1s;
  start();
  raw_client announces(port);
  announces.send(announced(2000) + "[");  // needs no place before it has sent as much
  BOOST_TEST(http_ask(port, "PUT", "/echo", std::string(1001, ' ')).status == 200);
  std::unique_ptr<raw_client> slow;
  http_answer refused;
  BOOST_TEST(eventually([&] {
    slow = std::make_unique<raw_client>(port);  // put out after a second
    slow->send(announced(2000) + std::string(1001, ' '));
    refused = http_ask(port, "PUT", "/echo", std::string(1001, ' '));
    return refused.status == 503 || refused.status == 408;
  }));
  BOOST_TEST(http_ask(port, "PUT", "/echo", std::string(1000, ' ')).status == 200);
  slow->reset();
  BOOST_TEST(eventually(
      [&] { return http_ask(port, "PUT", "/echo", std::string(1001, ' ')).status == 200; }));
}

BOOST_FIXTURE_TEST_CASE(who_waits_for_a_turn_holds_up_no_end, at_work) {
  begin(30s);
  std::thread waits([this] { http_ask(port, "PUT", "/echo", "[]"); });
  const auto begun = std::chrono::steady_clock::now();
  std::thread later([&] {
    eventually([] { return false; }, 1s);
    go_on = true;
  });
  server.reset();
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 15s));
  for (auto* thread : {&busy, &waits, &later}) thread->join();
}

BOOST_FIXTURE_TEST_CASE(who_has_gone_waits_for_no_turn, at_work) {
  begin(30s);
  const auto without = tests::thread_count(::getpid());
  auto waits = std::make_unique<raw_client>(port);
  waits->send(announced(2) + "[]");
  BOOST_TEST(eventually([&] { return tests::thread_count(::getpid()) > without; }));
  waits.reset();
  BOOST_TEST(eventually([&] { return tests::thread_count(::getpid()) <= without; }));
  go_on = true;
  busy.join();
}

BOOST_AUTO_TEST_CASE(bodies_are_made_out_one_after_the_other) {
  std::atomic<int> at_once{0}, most{0}, waiting{0}, together{0};
  routes.add("PUT", "/work", [&](const request& r) {
    const int now = ++at_once;
    if (now > most) most = now;
    // Long enough for the others to come in meanwhile, if they could.
    eventually([&] { return at_once > 1; }, 50ms);
    --at_once;
    r.made_out();
    // From here on they wait for something else, and all of them at once.
    ++waiting;
    if (eventually([&] { return waiting == 4; })) ++together;
    return reply{};
  });
  start();
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([this] { http_ask(port, "PUT", "/work", "[]"); });
  for (auto& client : clients) client.join();
  BOOST_TEST(most == 1);
  BOOST_TEST(together == 4);
}

BOOST_FIXTURE_TEST_CASE(who_has_no_body_waits_for_no_turn, at_work) {
  begin(1s);
  BOOST_TEST(http_ask(port, "GET", "/hello/you").status == 200);
  BOOST_TEST(http_ask(port, "PUT", "/echo", "[]").status == 503);  // its turn does not come
  go_on = true;
  busy.join();
  BOOST_TEST(http_ask(port, "PUT", "/echo", "[]").status == 200);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_everywhere_has_no_endless_answer) {
  model::problems wrong;
  for (int i = 0; i < 100'000; ++i) wrong.push_back({"/" + std::to_string(i), "is wrong"});
  const auto told = nlohmann::json::parse(invalid_value(wrong).body);
  BOOST_TEST(told.at("errors").size() == 100U);
  BOOST_TEST(contains(told.at("detail").get<std::string>(), "and 99900 more"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
