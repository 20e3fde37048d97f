#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "base/fd.hpp"

namespace switchyard::base {

namespace {

using namespace std::chrono_literals;

struct pipe_ends {
  unique_fd reader;
  unique_fd writer;
};

pipe_ends make_pipe() {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  return {unique_fd(ends[0]), unique_fd(ends[1])};
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(descriptors)

BOOST_AUTO_TEST_CASE(a_descriptor_is_closed_with_its_owner_and_moves_with_it) {
  auto ends = make_pipe();
  const int number = ends.reader.get();
  {
    unique_fd owner = std::move(ends.reader);
    BOOST_TEST(!ends.reader);
    BOOST_TEST(is_open(number));
  }
  BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_CASE(a_released_descriptor_stays_open) {
  auto ends = make_pipe();
  const int number = ends.reader.release();
  BOOST_TEST(!ends.reader);
  BOOST_TEST(is_open(number));
  ::close(number);
}

BOOST_AUTO_TEST_CASE(waiting_ends_at_the_deadline_or_when_there_is_something) {
  auto ends = make_pipe();
  auto readable = wait_readable(ends.reader.get(), deadline(20ms));
  BOOST_REQUIRE(readable);
  BOOST_TEST(!*readable);
  BOOST_REQUIRE(::write(ends.writer.get(), "x", 1) == 1);
  readable = wait_readable(ends.reader.get(), deadline(10s));
  BOOST_REQUIRE(readable);
  BOOST_TEST(*readable);
}

BOOST_AUTO_TEST_CASE(the_other_side_closing_counts_as_readable) {
  auto ends = make_pipe();
  ends.writer.reset();
  const auto readable = wait_readable(ends.reader.get(), deadline(10s));
  BOOST_REQUIRE(readable);
  BOOST_TEST(*readable);
}

BOOST_AUTO_TEST_CASE(a_full_pipe_is_not_writable) {
  auto ends = make_pipe();
  const std::string block(4096, 'x');
  while (::write(ends.writer.get(), block.data(), block.size()) > 0) {
  }
  const auto writable = wait_writable(ends.writer.get(), deadline(20ms));
  BOOST_REQUIRE(writable);
  BOOST_TEST(!*writable);
}

BOOST_AUTO_TEST_CASE(another_thread_wakes_a_waiter) {
  const auto ends = make_pipe();
  wakeup wake;
  std::thread other([&] { wake.notify(); });
  const auto result = wait_either(ends.reader.get(), wake, 10s);
  other.join();
  BOOST_REQUIRE(result);
  BOOST_TEST((*result == woken::notified));
  wake.clear();
  BOOST_TEST((*wait_either(ends.reader.get(), wake, 0ms) == woken::timeout));
}

BOOST_AUTO_TEST_CASE(a_deadline_never_leaves_a_negative_time) {
  const deadline past(-1s);
  BOOST_TEST(past.passed());
  BOOST_TEST(past.left().count() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
