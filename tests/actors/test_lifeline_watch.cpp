#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <mutex>
#include <vector>

#include "actors/lifeline_watch.hpp"
#include "tests/support/fewer_descriptors.hpp"
#include "tests/support/process_figures.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

/// A conversation whose other end the test closes.
struct conversation {
  base::unique_fd ours, theirs;
  conversation() {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
};

struct watched {
  std::mutex mutex;
  std::vector<std::uint64_t> lost;
  lifeline_watch watch{[this](std::uint64_t generation) {
    const std::lock_guard lock(mutex);
    lost.push_back(generation);
  }};

  std::vector<std::uint64_t> so_far() {
    const std::lock_guard lock(mutex);
    return lost;
  }
  bool becomes(const std::vector<std::uint64_t>& wanted) {
    return tests::eventually([&] { return so_far() == wanted; });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lifeline_watches, watched)

BOOST_AUTO_TEST_CASE(the_end_of_a_conversation_is_told_once_with_its_generation) {
  conversation first;
  watch.watch(first.ours.get(), 1);
  BOOST_TEST(so_far().empty());
  first.theirs.reset();
  BOOST_TEST(becomes({1}));
  conversation second;
  watch.watch(second.ours.get(), 2);
  second.theirs.reset();
  // Once each: the first would have been told of again by now.
  BOOST_TEST(becomes({1, 2}));
}

BOOST_AUTO_TEST_CASE(the_gateway_may_close_its_own_descriptor) {
  conversation one;
  watch.watch(one.ours.get(), 1);
  one.ours.reset();
  one.theirs.reset();
  BOOST_TEST(becomes({1}));
}

BOOST_AUTO_TEST_CASE(what_is_watched_no_more_is_not_told_of) {
  conversation first, second;
  watch.watch(first.ours.get(), 1);
  watch.watch(second.ours.get(), 2);
  first.ours.reset();
  // The pipe has no reader any more once the watch has let go of it.
  pollfd end{first.theirs.get(), 0, 0};
  BOOST_TEST(tests::eventually([&] { return ::poll(&end, 1, 0) == 1 && (end.revents & POLLERR); }));
  first.theirs.reset();
  second.theirs.reset();
  BOOST_TEST(becomes({2}));
}

BOOST_AUTO_TEST_CASE(the_last_of_many_in_quick_succession_is_watched) {
  const conversation others;
  std::uint64_t generation = 0;
  for (std::size_t round = 1; round <= 300; ++round) {
    conversation last;
    for (int i = 0; i < 20; ++i) watch.watch(others.ours.get(), ++generation);
    watch.watch(last.ours.get(), ++generation);
    last.theirs.reset();
    BOOST_REQUIRE(tests::eventually([&] { return so_far().size() == round; }));
    BOOST_TEST(so_far().back() == generation);
  }
}

BOOST_AUTO_TEST_CASE(what_there_is_no_descriptor_for_is_watched_with_the_next_call) {
  conversation one;
  {
    const tests::fewer_descriptors none(3);
    watch.watch(one.ours.get(), 1);
  }
  watch.watch(one.ours.get(), 1);
  one.theirs.reset();
  BOOST_TEST(becomes({1}));
}

BOOST_AUTO_TEST_CASE(a_wait_that_fails_is_tried_again_without_haste) {
  {
    const tests::fewer_descriptors none(1);  // poll(2) takes no more of them either
    watch.watch(-1, 1);
    BOOST_TEST(tests::own_cpu_time_within(std::chrono::milliseconds(500)).count() < 250);
  }
  conversation one;
  watch.watch(one.ours.get(), 2);
  one.theirs.reset();
  BOOST_TEST(becomes({2}));
}

BOOST_AUTO_TEST_CASE(nothing_to_watch_is_no_end) {
  conversation one;
  watch.watch(-1, 1);
  watch.watch(one.ours.get(), 1);  // the same generation: nothing new
  one.theirs.reset();
  conversation two;
  watch.watch(two.ours.get(), 2);
  two.theirs.reset();
  BOOST_TEST(becomes({2}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
