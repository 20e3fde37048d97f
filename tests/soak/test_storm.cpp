// One key changes a thousand times a second: memory and commands are bounded, the last value wins.
// SOAK_SECONDS: how long, 10 unless set.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "providers/postgres/connect.hpp"
#include "providers/postgres/connection.hpp"
#include "tests/faults/sources/bare_client.hpp"
#include "tests/integration/figures.hpp"
#include "tests/integration/site.hpp"
#include "tests/soak/paced_writer.hpp"
#include "tests/support/process_figures.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests::soak {

namespace {

using namespace std::chrono_literals;

constexpr unsigned a_second = 1'000;
constexpr std::size_t megabyte = 1U << 20U;
constexpr std::size_t buffered = 100;  // event_buffer, unless it is set

unsigned seconds() {
  const char* given = std::getenv("SOAK_SECONDS");
  return given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 10U;
}

/// A process that is stopped as long as the object lives.
class stopped {
 public:
  explicit stopped(pid_t pid) : pid_(pid) { ::kill(pid_, SIGSTOP); }
  ~stopped() { ::kill(pid_, SIGCONT); }
  stopped(const stopped&) = delete;
  stopped& operator=(const stopped&) = delete;

 private:
  pid_t pid_;
};

/// A backend "api-backend" of srv1, whose weight changes.
class storm {
 public:
  storm(const std::string& provider, change_weight change, const std::string& more)
      : change_(std::move(change)), gateway_(provider, with(more)) {
    BOOST_REQUIRE_MESSAGE(gateway_.answered_by({"srv1"}), gateway_.log());
  }

  /// As long as the test lasts.
  void rages() {
    const auto changes = std::uint64_t{a_second} * seconds();
    std::uint64_t early = 0;
    // Not before its buffers and tables have their size.
    change_steadily(a_second, a_second, change_, [] {});
    const auto before = memory();
    const auto commands_before = commands();
    std::size_t most = 0;
    const auto took = change_steadily(changes, a_second, change_, [&] {
      early = early == 0 ? commands() : early;
      most = std::max(most, memory());
    });
    const auto last = weight_of(changes - 1);
    BOOST_TEST(becomes(last), gateway_.log().substr(0, 2000));
    const auto sent = commands() - commands_before;
    std::cout << changes << " changes in " << took << " s (" << static_cast<double>(changes) / took
              << " a second), " << sent << " commands, " << (most - std::min(most, before)) / 1024
              << " kB more\n";
    BOOST_TEST(most < before + 16 * megabyte + kept_by_sanitizer);
    // What folds together needs fewer.
    BOOST_TEST(sent <= changes + 2);
    BOOST_TEST(sent > 0U);
    BOOST_TEST(early > commands_before, "nothing arrives while it rages");
  }

  /// Two seconds of it while HAProxy does not answer. Returns how many reports waited at most.
  double piles_up() {
    constexpr std::uint64_t changes = std::uint64_t{2} * a_second;
    BOOST_REQUIRE(becomes(100));
    const auto commands_before = commands();
    double most = 0;
    {
      const auto worker = gateway_.worker_pid();
      BOOST_REQUIRE(worker > 0);
      const stopped hung(worker);
      change_steadily(changes, a_second, change_, [&] { most = std::max(most, waiting()); });
      most = std::max(most, waiting());
    }
    BOOST_TEST(becomes(weight_of(changes - 1)), gateway_.log());
    BOOST_TEST(commands() - commands_before < 100U);
    return most;
  }

 private:
  static site_options with(const std::string& more) {
    site_options o;
    o.more = more;
    return o;
  }
  std::size_t memory() { return resident_bytes(gateway_.switchyard().pid()); }
  /// Of the whole run, of every kind.
  std::uint64_t commands() const {
    const auto text = figures(gateway_.api_port()).text();
    const std::string series = "\nswitchyard_runtime_commands_total{";
    double sum = 0;
    for (auto at = text.find(series); at != std::string::npos; at = text.find(series, at + 1))
      sum += std::stod(text.substr(text.find("} ", at) + 2));
    return static_cast<std::uint64_t>(sum);
  }
  double waiting() const {
    return figures(gateway_.api_port())
        .count(R"(switchyard_provider_queue_depth{provider="stormy"})");
  }
  bool becomes(unsigned weight) const {
    return eventually(
        [&] {
          return contains(gateway_.server("api-backend", "srv1"),
                          " " + std::to_string(weight) + " ");
        },
        30s);
  }

  change_weight change_;
  site gateway_;
};

struct redis_storm : redis_server {
  http_upstream one{"srv1"};
  bare_client client{port()};
  std::uint64_t done = 0;

  redis_storm() {
    cli({"HSET", "switchyard:server:api-backend:srv1", "address", "127.0.0.1", "port",
         std::to_string(one.port())});
  }
  std::string provider() const {
    return "  - {name: stormy, type: redis, url: \"" + url() + "\"}\n";
  }
  void change(unsigned weight) {
    // A marker that no other answer has shows that this one was taken.
    const auto mark = "mark-" + std::to_string(++done);
    client.say("HSET switchyard:server:api-backend:srv1 weight " + std::to_string(weight) +
               "\r\nECHO " + mark + "\r\n");
    client.hear(mark + "\r\n");
    client.forget();
  }
};

struct postgres_storm {
  http_upstream one{"srv1"};
  schema db;
  std::unique_ptr<providers::postgres::connection> session;

  postgres_storm() {
    db.sql(insert_server("api-backend", "srv1", one.port()));
    auto opened = providers::postgres::connection::open({database().dsn("postgres"), {}}, nullptr);
    BOOST_REQUIRE(opened);
    session = std::move(*opened);
  }
  std::string provider() const {
    auto text = db.provider_yaml();
    return text.replace(text.find("name: db"), 8, "name: stormy");
  }
  void change(unsigned weight) const {
    const auto done = session->query(
        "UPDATE " + db.name() + ".servers SET weight = " + std::to_string(weight), 10s);
    if (!done) throw std::runtime_error(done.error().message);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(storms)

BOOST_FIXTURE_TEST_CASE(a_thousand_changes_a_second_of_one_key_of_redis, redis_storm) {
  storm all(
      provider(), [&](unsigned weight) { change(weight); }, "");
  all.rages();
}

BOOST_FIXTURE_TEST_CASE(a_thousand_changes_a_second_of_one_row_of_postgres, postgres_storm) {
  storm all(
      provider(), [&](unsigned weight) { change(weight); }, "");
  all.rages();
}

BOOST_FIXTURE_TEST_CASE(what_haproxy_cannot_take_folds_together, redis_storm) {
  storm all(
      provider(), [&](unsigned weight) { change(weight); }, "");
  const auto most = all.piles_up();
  BOOST_TEST(most <= buffered);
  BOOST_TEST(most > 10);
}

// Control: with nearly no bound to what may wait it piles up.
BOOST_FIXTURE_TEST_CASE(control_without_the_bound_reports_pile_up, redis_storm) {
  storm all(
      provider(), [&](unsigned weight) { change(weight); }, "event_buffer: 10000\n");
  BOOST_TEST(all.piles_up() > buffered);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests::soak
