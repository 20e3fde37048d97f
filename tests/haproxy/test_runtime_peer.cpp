#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "haproxy/runtime.hpp"
#include "haproxy/unix_socket.hpp"
#include "tests/haproxy/fake_socket.hpp"
#include "tests/support/support.hpp"

// The runtime conversation with peers that HAProxy is only on its bad days.

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using switchyard::base::errc;
using switchyard::haproxy::command;
using switchyard::haproxy::command_kind;
using switchyard::haproxy::runtime;

runtime::limits short_limits() {
  runtime::limits l;
  l.connect = milliseconds(200);
  l.reply = milliseconds(200);
  return l;
}

/// A conversation with a peer that the test plays.
struct played {
  temp_dir folder;
  fake_socket listener{folder / "s"};
  switchyard::base::unique_fd peer;

  runtime open(milliseconds reply = std::chrono::seconds(10)) {
    std::thread greeter([&] {
      peer = listener.accept();
      read_lines(peer.get(), 1);
      write_all(peer.get(), "\n> ");
    });
    runtime::limits l;
    l.connect = std::chrono::seconds(10);
    l.reply = reply;
    auto r = runtime::connect(folder / "s", l);
    greeter.join();
    BOOST_REQUIRE(bool(r));
    return std::move(*r);
  }
};

void check_unavailable(const std::string& path, const std::string& cause) {
  const auto r = runtime::connect(path, short_limits());
  BOOST_TEST_CONTEXT(path) {
    BOOST_REQUIRE(!r);
    BOOST_TEST((r.error().kind == errc::unavailable));
    BOOST_TEST(r.error().message.find(cause) != std::string::npos, r.error().message);
    BOOST_TEST(r.error().message.find(path) != std::string::npos, r.error().message);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(runtime_peer)

BOOST_AUTO_TEST_CASE(a_socket_that_cannot_be_used_is_named_with_the_cause) {
  const temp_dir folder;
  check_unavailable(folder / "absent", "does not exist");
  write_text(folder / "file", "text");
  check_unavailable(folder / "file", "is not a socket");
  { const fake_socket gone(folder / "gone"); }
  check_unavailable(folder / "gone", "nobody listens");
  check_unavailable(folder / std::string(120, 'x'), "longer than");
}

BOOST_AUTO_TEST_CASE(a_socket_of_somebody_else_is_not_permitted) {
  const temp_dir folder;
  ::chmod(folder.path().c_str(), 0755);
  const fake_socket foreign(folder / "s");
  ::chmod((folder / "s").c_str(), 0000);
  // Root may open anything; for the file system this thread is nobody for a moment.
  const auto ours = static_cast<uid_t>(::setfsuid(65534));
  check_unavailable(folder / "s", "not permitted");
  ::setfsuid(ours);
}

BOOST_AUTO_TEST_CASE(a_silent_peer_costs_no_more_than_the_deadline) {
  const temp_dir folder;
  const fake_socket silent(folder / "s");
  const auto r = runtime::connect(folder / "s", short_limits());
  BOOST_REQUIRE(!r);
  BOOST_TEST((r.error().kind == errc::timeout));
}

BOOST_AUTO_TEST_CASE(a_full_queue_of_connections_ends_in_a_timeout) {
  const temp_dir folder;
  const fake_socket full(folder / "s", 0);
  const switchyard::base::deadline patience(milliseconds(10'000));
  std::vector<runtime> open;
  std::vector<switchyard::base::error> errors;
  for (int i = 0; i < 4; ++i) {
    auto r = runtime::connect(folder / "s", short_limits());
    if (!r) errors.push_back(r.error());
  }
  BOOST_TEST(errors.size() == 4U);
  BOOST_TEST(std::all_of(errors.begin(), errors.end(),
                         [](const auto& e) { return e.kind == errc::timeout; }));
  BOOST_TEST(!patience.passed());
}

BOOST_AUTO_TEST_CASE(a_command_that_is_more_than_one_line_is_not_sent) {
  played p;
  auto r = p.open();
  for (const auto& bad :
       {std::string(), std::string("   "), std::string("show info\ndel server web/s1"),
        std::string("show info;del server web/s1"), std::string("show info\r"),
        std::string("add map #1 <<"), std::string("show info \\\\;del server web/s1"),
        std::string("prompt"), std::string("quit"), std::string(" prompt timed"),
        std::string("x\0y", 3), std::string(16'001, 'x')}) {
    const auto reply = r.execute_raw(bad);
    BOOST_TEST_CONTEXT(bad) {
      BOOST_REQUIRE(!reply);
      BOOST_TEST((reply.error().kind == errc::invalid));
    }
  }
  BOOST_TEST(!r.broken());
  BOOST_TEST(read_lines(p.peer.get(), 1, milliseconds(50)) == "");
}

BOOST_AUTO_TEST_CASE(commands_in_flight_stay_within_haproxys_buffer) {
  played p;
  auto r = p.open(milliseconds(200));
  const std::vector<command> many(1000, {command_kind::set_weight, "set server web/s1 weight 1"});
  const auto verdicts = r.execute(many);
  BOOST_TEST(std::all_of(verdicts.begin(), verdicts.end(),
                         [](const auto& v) { return !v && v.error().kind == errc::timeout; }));
  const auto sent = read_lines(p.peer.get(), 1000, milliseconds(50));
  BOOST_TEST(sent.size() > 4'000U);
  BOOST_TEST(sent.size() <= 8'192U);
}

BOOST_AUTO_TEST_CASE(a_reply_in_single_bytes_is_put_together) {
  played p;
  auto r = p.open();
  std::thread answer([&] {
    read_lines(p.peer.get(), 3);
    for (const char c : std::string_view("\n> No such server.\n\n> \n> "))
      write_all(p.peer.get(), std::string_view(&c, 1));
  });
  const std::vector<command> three(3, {command_kind::set_weight, "set server web/s1 weight 1"});
  const auto verdicts = r.execute(three);
  answer.join();
  BOOST_TEST(bool(verdicts[0]));
  BOOST_TEST(!verdicts[1]);
  BOOST_TEST(bool(verdicts[2]));
}

BOOST_AUTO_TEST_CASE(the_prompts_characters_inside_a_reply_do_not_end_it) {
  played p;
  auto r = p.open();
  std::thread answer([&] {
    read_lines(p.peer.get(), 1);
    write_all(p.peer.get(), "first\n> second\n\n> third\n\n> ");
  });
  const auto reply = r.execute_raw("show env");
  answer.join();
  BOOST_REQUIRE(bool(reply));
  BOOST_TEST(*reply == "first\n> second\n\n> third");
}

BOOST_AUTO_TEST_CASE(a_silent_worker_ends_the_conversation_at_the_deadline) {
  played p;
  auto r = p.open(milliseconds(200));
  const auto reply = r.execute_raw("show info");
  BOOST_REQUIRE(!reply);
  BOOST_TEST((reply.error().kind == errc::timeout));
  BOOST_TEST(r.broken());
  // The late answer must not be taken for that of the next command.
  write_all(p.peer.get(), "late\n> ");
  BOOST_TEST((r.execute_raw("show info").error().kind == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(bytes_that_nobody_asked_for_end_the_conversation) {
  played p;
  auto r = p.open();
  write_all(p.peer.get(), "surprise\n> ");
  const auto reply = r.execute_raw("show info");
  BOOST_REQUIRE(!reply);
  BOOST_TEST((reply.error().kind == errc::protocol));
  BOOST_TEST(r.broken());
}

BOOST_AUTO_TEST_CASE(a_conversation_cut_in_the_middle_tells_what_is_certain) {
  played p;
  auto r = p.open();
  std::thread answer([&] {
    read_lines(p.peer.get(), 5);
    write_all(p.peer.get(), "\n> \n> \n");
    p.peer.reset();
  });
  const std::vector<command> five(5, {command_kind::set_weight, "set server web/s1 weight 1"});
  const auto verdicts = r.execute(five);
  answer.join();
  BOOST_TEST(bool(verdicts[0]));
  BOOST_TEST(bool(verdicts[1]));
  for (std::size_t i = 2; i < 5; ++i) BOOST_TEST((verdicts[i].error().kind == errc::unavailable));
  BOOST_TEST(r.broken());
}

BOOST_AUTO_TEST_CASE(sending_to_a_peer_that_is_gone_is_an_error_and_no_signal) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const switchyard::base::unique_fd ours(ends[0]);
  { const switchyard::base::unique_fd theirs(ends[1]); }
  const auto sent = switchyard::haproxy::send_all(
      ours.get(), "show info\n", switchyard::base::deadline(std::chrono::seconds(5)));
  BOOST_REQUIRE(!sent);
  BOOST_TEST((sent.error().kind == errc::unavailable));
}

// HAProxy up to 3.0 serves nobody else on that thread while a long reply is taken at once.
BOOST_AUTO_TEST_CASE(a_long_reply_is_taken_slowly_but_in_time) {
  using clock = std::chrono::steady_clock;
  struct taken {
    std::size_t bytes;
    milliseconds took;
  };
  const auto take = [](std::size_t megabytes, milliseconds limit) {
    played p;
    std::optional<runtime> r(p.open(limit));
    std::thread talk([&] {
      read_lines(p.peer.get(), 1);
      try {
        write_all(p.peer.get(), std::string(megabytes << 20U, 'x') + "\n> ");
      } catch (const std::system_error&) {  // nobody takes all of it
      }
    });
    const auto begun = clock::now();
    const auto reply = r->execute_raw("show stat");
    const auto took = std::chrono::duration_cast<milliseconds>(clock::now() - begun);
    r.reset();
    talk.join();
    return taken{reply ? reply->size() : 0, took};
  };
  const auto slow = take(1, std::chrono::seconds(10));
  BOOST_TEST(slow.bytes == 1U << 20U);
  BOOST_TEST(slow.took.count() >= 60);
  const auto in_time = take(20, std::chrono::seconds(1));
  BOOST_TEST(in_time.bytes == 20U << 20U);
}

BOOST_AUTO_TEST_SUITE_END()
