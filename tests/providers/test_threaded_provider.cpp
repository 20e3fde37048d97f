#include "providers/threaded_provider.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <stdexcept>

#include "tests/providers/recording_sink.hpp"
#include "tests/support/support.hpp"

using namespace switchyard;
using namespace std::chrono_literals;
using tests::eventually;

namespace {

class scripted final : public providers::threaded_provider {
 public:
  explicit scripted(std::function<void(scripted&, providers::sink&)> script)
      : script_(std::move(script)) {}
  ~scripted() override { stop(); }

  base::outcome<model::report> backends() override { return model::report{}; }
  base::outcome<model::report> backend(const std::string&) override { return model::report{}; }

  using threaded_provider::keep_following;
  using threaded_provider::pause;
  using threaded_provider::stopping;
  std::atomic<int> runs{0};

 protected:
  void watch(providers::sink& target) override {
    ++runs;
    script_(*this, target);
  }

 private:
  std::function<void(scripted&, providers::sink&)> script_;
};

void until_stopped(scripted& self, providers::sink&) {
  while (!self.stopping()) self.pause(1h);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(threaded_provider)

BOOST_AUTO_TEST_CASE(stop_ends_a_long_pause_at_once) {
  tests::recording_sink sink;
  scripted provider(until_stopped);
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return provider.runs == 1; }));
  const auto before = std::chrono::steady_clock::now();
  provider.stop();
  BOOST_TEST((std::chrono::steady_clock::now() - before < 5s));
}

BOOST_AUTO_TEST_CASE(a_stopped_provider_starts_again) {
  tests::recording_sink sink;
  scripted provider(until_stopped);
  for (int run = 1; run <= 3; ++run) {
    provider.start(sink);
    BOOST_REQUIRE(eventually([&] { return provider.runs == run; }));
    provider.stop();
    provider.stop();
  }
}

BOOST_AUTO_TEST_CASE(stop_without_start_does_nothing) {
  scripted provider(until_stopped);
  provider.stop();
  BOOST_TEST(provider.runs == 0);
}

BOOST_AUTO_TEST_CASE(an_exception_is_reported_and_watching_starts_over) {
  tests::recording_sink sink;
  scripted provider([](scripted& self, providers::sink& out) {
    if (self.runs < 3) throw std::runtime_error("broken on purpose");
    until_stopped(self, out);
  });
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return provider.runs == 3; }));
  provider.stop();
  BOOST_REQUIRE(sink.healths().size() == 2U);
  BOOST_TEST((sink.last_health().value == model::provider_health::level::degraded));
  BOOST_TEST(sink.last_health().reason.find("broken on purpose") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(watching_that_returns_early_does_not_spin) {
  tests::recording_sink sink;
  scripted provider([](scripted&, providers::sink&) {});
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return provider.runs >= 2; }));
  provider.stop();
  BOOST_TEST(provider.runs < 10);
}

BOOST_AUTO_TEST_CASE(a_session_that_always_fails_is_tried_again_with_growing_pauses) {
  tests::recording_sink sink;
  std::atomic<int> sessions{0};
  scripted provider([&](scripted& self, providers::sink& out) {
    providers::publisher publish(out);
    self.keep_following(publish, [&]() -> base::status {
      ++sessions;
      return base::error{base::errc::unavailable, "nobody there"};
    });
  });
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return sessions >= 2; }));
  // Pauses begin with 50 to 100 ms and double: no more than seven fit into three seconds.
  BOOST_TEST(!eventually([&] { return sessions > 10; }, 3s));
  BOOST_TEST(sessions >= 3);
  provider.stop();
  BOOST_TEST(sink.last_health().reason == "nobody there");
}

BOOST_AUTO_TEST_SUITE_END()
