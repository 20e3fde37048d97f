#include "providers/polling_provider.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <limits>
#include <stdexcept>

#include "providers/json_view.hpp"
#include "tests/providers/recording_sink.hpp"
#include "tests/support/support.hpp"

namespace switchyard::providers {

namespace {

using namespace std::chrono_literals;
using level = model::provider_health::level;
using tests::eventually;
using tests::recording_sink;

constexpr std::uint32_t least = 0;
constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
const polling_schedule::clock::time_point start{};

model::report view_of(const std::string& backend) {
  // Called on the provider's thread, where nothing may be asserted.
  return json_view(R"({"backends": [{"name": ")" + backend + R"(", "servers": []}]})").value();
}

/// A provider whose looks follow a script; how often it looked.
struct scripted {
  using script = std::function<base::outcome<polled>(int look, const base::wakeup* stop)>;

  explicit scripted(script look, std::chrono::milliseconds interval = 5ms)
      : provider("scripted", interval, [this, look = std::move(look)] {
          return [this, look, mine = 0](const base::wakeup* stop) mutable {
            ++looks;
            return look(++mine, stop);
          };
        }) {}

  recording_sink sink;
  std::atomic<int> looks{0};
  polling_provider provider;

  void run_for(int wanted) {
    provider.start(sink);
    BOOST_REQUIRE(eventually([&] { return looks >= wanted; }));
    provider.stop();
  }
};

base::error broken(const std::string& why) {
  return {base::errc::unavailable, why};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(polling)

BOOST_AUTO_TEST_CASE(an_interval_is_a_tenth_longer_or_shorter) {
  polling_schedule schedule(10s);
  BOOST_TEST((schedule.after_success(least) == 9s));
  BOOST_TEST((schedule.after_success(most) == 11s));
  const auto middle = schedule.after_success(most / 2);
  BOOST_TEST((middle > 9990ms && middle < 10010ms));
}

BOOST_AUTO_TEST_CASE(a_failure_is_retried_soon_and_a_lasting_one_ever_later) {
  polling_schedule schedule(10s);
  auto now = start;
  for (const auto nominal : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    BOOST_TEST((schedule.after_failure(now, most) == nominal));
    now += nominal + 1s;  // the look itself takes its time
  }
  schedule.after_success(least);
  BOOST_TEST((schedule.after_failure(now, least) == 500ms));
}

BOOST_AUTO_TEST_CASE(
    failures_are_not_retried_faster_than_short_intervals_nor_given_up_for_long_ones) {
  polling_schedule fast(100ms);
  BOOST_TEST((fast.after_failure(start, most) == 100ms));
  polling_schedule slow(1h);
  auto wait = slow.after_failure(start, most);
  for (int i = 0; i < 20; ++i) wait = slow.after_failure(start, most);
  BOOST_TEST((wait == 1h));
}

BOOST_AUTO_TEST_CASE(what_does_not_change_is_reported_once) {
  scripted source([](int look, const base::wakeup*) {
    // An equal view, and the word that nothing has changed.
    return look % 2 == 1 ? polled{.view = view_of("a")} : polled{};
  });
  source.run_for(6);
  BOOST_REQUIRE(source.sink.reports().size() == 1U);
  const auto report = source.sink.reports().front();
  BOOST_TEST(report.full);
  BOOST_TEST(source.sink.looks_without_news() >= 4U, "that there is no news is told");
  BOOST_TEST((report.seen_at != std::chrono::steady_clock::time_point{}));
  BOOST_REQUIRE(source.sink.healths().size() == 1U);
  BOOST_TEST((source.sink.last_health().value == level::live));
}

BOOST_AUTO_TEST_CASE(a_look_that_fails_changes_nothing_but_the_health) {
  scripted source([](int look, const base::wakeup*) -> base::outcome<polled> {
    if (look == 2 || look == 3) return broken("the source is away");
    return polled{.view = view_of(look == 1 ? "a" : "b")};
  });
  source.run_for(5);
  BOOST_REQUIRE(source.sink.reports().size() == 2U);
  BOOST_TEST(source.sink.reports().at(1).backends.contains("b"));
  const auto healths = source.sink.healths();
  BOOST_REQUIRE(healths.size() == 3U);
  BOOST_TEST((healths.at(1) == model::provider_health{level::degraded, "the source is away"}));
  BOOST_TEST((healths.at(2) == model::provider_health{level::live, ""}));
}

BOOST_AUTO_TEST_CASE(what_could_be_read_counts_though_some_could_not) {
  scripted source([](int, const base::wakeup*) {
    return polled{.view = view_of("a"), .fault = "one of two is away"};
  });
  source.run_for(2);
  BOOST_TEST(source.sink.reports().size() == 1U);
  BOOST_TEST((source.sink.last_health().value == level::degraded));
  const auto once = source.provider.backends();
  BOOST_REQUIRE(!once);
  BOOST_TEST(once.error().message == "scripted: one of two is away");
}

BOOST_AUTO_TEST_CASE(a_source_may_say_when_it_wants_to_be_asked) {
  scripted source(
      [](int, const base::wakeup*) { return polled{.view = view_of("a"), .wait = 0ms}; }, 1h);
  source.run_for(5);
  scripted patient([](int, const base::wakeup*) { return polled{.fault = "busy", .wait = 1h}; });
  patient.provider.start(patient.sink);
  BOOST_REQUIRE(eventually([&] { return !patient.sink.healths().empty(); }));
  patient.provider.stop();
  BOOST_TEST(patient.looks == 1);
}

BOOST_AUTO_TEST_CASE(stop_reaches_a_look_that_waits) {
  scripted source([](int, const base::wakeup* stop) -> base::outcome<polled> {
    static_cast<void>(base::wait_readable(stop->fd(), base::deadline(1h)));
    return broken("stopped");
  });
  source.provider.start(source.sink);
  BOOST_REQUIRE(eventually([&] { return source.looks == 1; }));
  const auto before = std::chrono::steady_clock::now();
  source.provider.stop();
  BOOST_TEST((std::chrono::steady_clock::now() - before < 5s));
  BOOST_TEST(source.sink.healths().empty(), "a look that was stopped says nothing of the source");
}

BOOST_AUTO_TEST_CASE(an_exception_starts_over_with_a_look_that_knows_nothing) {
  std::atomic<int> thrown{0};
  scripted source([&](int look, const base::wakeup*) {
    if (look == 2 && thrown++ == 0) throw std::runtime_error("broken on purpose");
    return polled{.view = view_of(look == 1 ? "first" : "later")};
  });
  source.run_for(5);  // what a look finds that ends after stop() is not reported
  BOOST_TEST(source.sink.reports().size() == 3U);  // "first" twice, "later"
}

BOOST_AUTO_TEST_CASE(one_look_gives_the_view_or_a_single_backend) {
  scripted source([](int look, const base::wakeup* stop) {
    BOOST_TEST(look == 1);
    BOOST_TEST(stop == nullptr);
    return polled{.view = view_of("a")};
  });
  const auto all = source.provider.backends();
  BOOST_REQUIRE(all);
  BOOST_TEST(all->backends.size() == 1U);
  const auto one = source.provider.backend("a");
  BOOST_REQUIRE(one);
  BOOST_TEST(!one->full);
  BOOST_TEST((one->backends.at("a").value != nullptr));
  const auto none = source.provider.backend("b");
  BOOST_REQUIRE(none);
  BOOST_TEST((none->backends.at("b").value == nullptr));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers
