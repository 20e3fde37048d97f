// Places and turns, without a server.

#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <ctime>
#include <string>
#include <thread>

#include "api/places.hpp"
#include "tests/support/support.hpp"

namespace switchyard::api {

namespace {

using namespace std::chrono_literals;

/// Uses so much of the processor. No other thread may be at work, whose time would count.
void work_for(std::chrono::milliseconds time) {
  const auto ticks = CLOCKS_PER_SEC * time.count() / 1000;
  for (const auto begun = std::clock(); std::clock() - begun < ticks;) continue;
}

/// Whether a thread of ours waits for something (proc(5), the state after its name).
bool sleeps(pid_t thread) {
  const auto stat = tests::read_text("/proc/self/task/" + std::to_string(thread) + "/stat");
  return stat.find(") S ") != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(places_and_turns)

BOOST_AUTO_TEST_CASE(who_is_told_of_a_free_turn_and_leaves_tells_the_next_one) {
  paced_turn turns(4);
  auto first = turns.take(0ms);
  BOOST_REQUIRE(first != nullptr);
  // Told first, as it has waited longest; the turn's rest outlasts its patience.
  std::atomic<pid_t> waiting{0};
  std::atomic<bool> too_soon{false};
  std::jthread impatient([&] {
    waiting = ::gettid();
    too_soon = turns.take(300ms) != nullptr;
  });
  BOOST_REQUIRE(tests::eventually([&] { return sleeps(waiting); }));
  std::atomic<bool> taken{false};
  std::jthread patient([&] { taken = turns.take(30s) != nullptr; });
  work_for(150ms);
  first.reset();
  BOOST_TEST(tests::eventually([&] { return taken.load(); }));
  impatient.join();
  BOOST_TEST(!too_soon);
}

BOOST_AUTO_TEST_CASE(after_a_body_was_made_out_the_next_one_waits_as_long_as_it_took) {
  paced_turn turns(20);
  auto turn = turns.take(0ms);
  BOOST_REQUIRE(turn);
  BOOST_TEST(!turns.take(0ms));
  work_for(20ms);
  const auto ended = std::chrono::steady_clock::now();
  turn.reset();
  BOOST_TEST(!turns.take(100ms));
  BOOST_TEST(turns.take(10s));
  BOOST_TEST((std::chrono::steady_clock::now() - ended >= 390ms));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
