#include "actors/log_queue.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>

#include "base/fd.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

using tests::contains;
using tests::eventually;

/// A queue in front of a pipe that the test reads when it wants to.
struct unread_pipe {
  base::unique_fd out, in;
  std::string read_so_far;

  unread_pipe() {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
    ::fcntl(out.get(), F_SETFL, O_NONBLOCK);
  }
  log_queue queue() const {
    return {in.get(), [](std::size_t dropped) { return std::to_string(dropped) + " dropped\n"; }};
  }
  const std::string& read() {
    std::array<char, 65536> block{};
    for (ssize_t n = 0; (n = ::read(out.get(), block.data(), block.size())) > 0;)
      read_so_far.append(block.data(), static_cast<std::size_t>(n));
    return read_so_far;
  }
};

std::string line(int number) {
  return std::to_string(number) + std::string(1000, '.') + "\n";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(log_queue_behaviour, unread_pipe)

BOOST_AUTO_TEST_CASE(a_line_is_written_before_put_returns) {
  auto lines = queue();
  lines.put("one\n");
  lines.put("two\n");
  BOOST_TEST(read() == "one\ntwo\n");
}

BOOST_AUTO_TEST_CASE(what_nobody_reads_waits_and_comes_whole_and_in_order) {
  auto lines = queue();
  std::string all;
  for (int i = 0; i < 500; ++i) {
    lines.put(line(i));
    all += line(i);
  }
  BOOST_TEST(eventually([&] { return read().size() >= all.size(); }));
  BOOST_TEST((read() == all));
}

BOOST_AUTO_TEST_CASE(the_oldest_are_dropped_and_counted_where_they_are_missing) {
  auto lines = queue();
  constexpr int many = 3000;
  for (int i = 0; i < many; ++i) lines.put(line(i));
  const auto last = line(many - 1);
  BOOST_TEST(eventually([&] { return contains(read(), last); }));
  const auto gap = read().find(" dropped\n");
  BOOST_REQUIRE(gap != std::string::npos);
  const auto begin = read().rfind('\n', gap) + 1;
  const int dropped = std::stoi(read().substr(begin, gap - begin));
  BOOST_TEST(read().starts_with(line(0)));
  // What came before it, and behind it, is whole and in order.
  std::string wanted;
  int number = 0;
  for (; wanted.size() < begin; ++number) wanted += line(number);
  wanted += std::to_string(dropped) + " dropped\n";
  for (number += dropped; number < many; ++number) wanted += line(number);
  BOOST_TEST((read() == wanted));
}

BOOST_AUTO_TEST_CASE(an_end_writes_what_waits_and_does_not_wait_for_ever) {
  std::string all;
  {
    auto lines = queue();
    for (int i = 0; i < 100; ++i) {
      lines.put(line(i));
      all += line(i);
    }
    read();
  }
  BOOST_TEST((read() == all));
  const auto begun = std::chrono::steady_clock::now();
  {
    auto lines = queue();
    for (int i = 0; i < 100; ++i) lines.put(line(i));
  }
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 5 * log_queue::longest_end));
}

BOOST_AUTO_TEST_CASE(a_reader_that_is_gone_stops_nobody) {
  std::signal(SIGPIPE, SIG_IGN);
  auto lines = queue();
  for (int i = 0; i < 100; ++i) lines.put(line(i));
  out.reset();
  const auto begun = std::chrono::steady_clock::now();
  lines.put(line(100));
  lines.flush();
  BOOST_TEST((std::chrono::steady_clock::now() - begun < log_queue::longest_end));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
