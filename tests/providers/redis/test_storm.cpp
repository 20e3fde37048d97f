// One key that changes all the time.

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "providers/redis/keys.hpp"
#include "providers/redis/session.hpp"
#include "providers/redis/subscriber.hpp"
#include "tests/providers/redis/fixture.hpp"
#include "tests/support/process_figures.hpp"

namespace switchyard::tests {

namespace {

/// Keeps the last report only: what is measured is the provider's memory.
class last_sink : public providers::sink {
 public:
  void report(model::report report) override {
    const std::lock_guard lock(mutex_);
    ++count_;
    const auto at = report.backends.find("api");
    if (at != report.backends.end()) last_ = at->second.value;
  }
  void health(model::provider_health /*health*/) override {}
  std::uint16_t port() const {
    const std::lock_guard lock(mutex_);
    return last_ && !last_->servers.empty() ? last_->servers[0].port : std::uint16_t{0};
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  std::size_t count_ = 0;
  model::backend_ptr last_;
};

/// How often a command was called.
std::size_t calls(const keyspace& db, const std::string& command) {
  const auto stats = db.cli({"INFO", "commandstats"});
  const auto name = "cmdstat_" + command + ":calls=";
  const auto at = stats.find(name);
  return at == std::string::npos ? 0 : std::stoul(stats.substr(at + name.size()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_storm)

// A minute's worth of changes, as fast as they go: 60,000.
BOOST_AUTO_TEST_CASE(one_key_that_changes_without_end_costs_bounded_work_and_the_last_value_wins) {
  const keyspace db;
  auto settings = db.settings();
  last_sink sink;
  providers::redis::redis_provider provider("registry", settings);
  provider.start(sink);
  db.set_server("api", "srv1", "10.0.0.1", "1");
  BOOST_REQUIRE(eventually([&] { return sink.port() == 1; }));
  db.cli({"CONFIG", "RESETSTAT"});
  constexpr int changes = 60'000;
  const auto write = [&](int from, int to) {
    std::string lines;
    for (int i = from; i < to; ++i)
      lines += "HSET switchyard:server:api:srv1 port " + std::to_string(i % 60'000 + 1) + "\n";
    db.pipe(lines);
  };
  write(0, 5'000);
  const auto before = resident_bytes(::getpid());
  write(5'000, changes);
  BOOST_TEST(eventually([&] { return sink.port() == 60'000; }));
  BOOST_TEST(resident_bytes(::getpid()) < before + (8U << 20U) + kept_by_sanitizer);
  BOOST_TEST(calls(db, "hset") >= static_cast<std::size_t>(changes));
  // Never more readings than changes, and full ones only if the watched key seemed to be replaced.
  BOOST_TEST(calls(db, "hgetall") <= static_cast<std::size_t>(changes));
  BOOST_TEST(calls(db, "scan") < 30U);
  BOOST_TEST(sink.count() <= static_cast<std::size_t>(changes) + 2);
  provider.stop();
}

// What Redis sends without a pause neither keeps us in one place nor grows there.
BOOST_AUTO_TEST_CASE(a_flood_of_events_is_taken_in_parts) {
  const keyspace db;
  auto session = providers::redis::open_session(
      db.settings(), providers::redis::parse_url(db.settings().url)->at, nullptr);
  BOOST_REQUIRE(session);
  providers::redis::subscriber events(std::move(*session), 5s);
  const auto channel = providers::redis::event_channel(0, "switchyard:");
  BOOST_REQUIRE(events.subscribe(channel));
  constexpr std::size_t count = 60'000;
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) lines += "PUBLISH " + channel + "server:a:b hset\n";
  db.pipe(lines);
  std::size_t most = 0, all = 0;
  BOOST_TEST(eventually([&] {
    const auto some = events.take();
    if (!some) return true;
    most = std::max(most, some->size());
    all += some->size();
    return all == count;
  }));
  BOOST_TEST(all == count);
  BOOST_TEST(most < 12'000U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
