#include "actors/log_queue.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <sstream>

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

// Much later than the first: the thread has tried to write meanwhile.
BOOST_AUTO_TEST_CASE(what_is_dropped_at_different_times_is_counted_together) {
  auto lines = queue();
  constexpr int many = 2000;
  for (int i = 0; i < many; ++i) lines.put(line(i));
  lines.flush();  // in vain, and so it takes its time
  for (int i = many; i < 2 * many; ++i) lines.put(line(i));
  const auto last = line(2 * many - 1);
  BOOST_TEST(eventually([&] { return contains(read(), last); }));
  // A pipe that has no room for a line may have some for the number.
  std::size_t sum = 0;
  std::istringstream all(read());
  for (std::string text; std::getline(all, text);)
    sum += text.ends_with(" dropped") ? std::stoul(text) : 1;
  BOOST_TEST(sum == 2U * many);
}

BOOST_AUTO_TEST_CASE(a_terminal_that_nobody_reads_keeps_nobody_waiting) {
  const base::unique_fd shown(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  BOOST_REQUIRE(shown);
  BOOST_REQUIRE(::grantpt(shown.get()) == 0);
  BOOST_REQUIRE(::unlockpt(shown.get()) == 0);
  std::array<char, 64> name{};
  BOOST_REQUIRE(::ptsname_r(shown.get(), name.data(), name.size()) == 0);
  const base::unique_fd terminal(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  BOOST_REQUIRE(terminal);
  out.reset(::dup(shown.get()));
  log_queue lines(terminal.get(), [](std::size_t) { return "some dropped\n"; });
  for (int i = 0; i < 300; ++i) lines.put(line(i));
  BOOST_TEST((::fcntl(terminal.get(), F_GETFL) & O_NONBLOCK) == 0);
  BOOST_TEST(eventually([&] { return contains(read(), line(299).substr(0, 1000)); }));
}

BOOST_AUTO_TEST_CASE(lines_that_a_full_disk_did_not_take_are_counted) {
  const tests::temp_dir folder;
  const base::unique_fd file(
      ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  BOOST_REQUIRE(file);
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, SIG_IGN);
  log_queue lines(file.get(),
                  [](std::size_t dropped) { return std::to_string(dropped) + " dropped\n"; });
  const rlimit little{1500, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &little) == 0);
  for (int i = 0; i < 3; ++i) lines.put(line(i));
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  lines.put("more\n");
  lines.flush();
  const auto text = tests::read_text(folder / "log");
  BOOST_TEST(text.starts_with(line(0)));
  BOOST_TEST(text.ends_with(".\n1 dropped\n" + line(2) + "more\n"), text);
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
