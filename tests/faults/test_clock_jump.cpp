// Somebody sets the clocks of the machine: forward by an hour, and back.

#include <boost/test/unit_test.hpp>
#include <iostream>

#include "tests/integration/figures.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/shifted_clock.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_faults_clock_jump)

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// PostgreSQL by the true time; switchyard, HAProxy and Redis by a clock that is set.
class timed {
 public:
  explicit timed(std::string guard = "") {
    db_.sql(insert_server("api-backend", "srv1", one_.port()) +
            insert_server("api-backend", "srv2", two_.port()));
    enter("shop", "first");
    redis_.cli({"SET", "switchyard:route:shop.example.com/", "shop"});
    site_options o;
    o.managed = false;  // so that HAProxy gets the clock as well
    o.more = std::move(guard);
    o.environment = clock_.environment();
    if (haproxy_follows()) o.haproxy_environment = clock_.environment();
    gateway_ = std::make_unique<site>(providers(), o);
    BOOST_REQUIRE_MESSAGE(gateway_->answered_by({"srv1", "srv2"}), gateway_->log());
    BOOST_REQUIRE_MESSAGE(in_shop("first"), gateway_->log());
  }

  const site& gateway() const { return *gateway_; }
  const schema& db() const { return db_; }

  /// Sets the clock, and waits until everybody has it.
  void set(std::chrono::seconds ahead) {
    clock_.set(ahead);
    BOOST_REQUIRE(eventually([&] { return is_now(std::stoll(redis_.cli({"TIME"}))); }));
    BOOST_REQUIRE(eventually([&] {
      db_.sql("UPDATE servers SET weight = 1 + (weight + 1) % 200 WHERE name = 'srv2'");
      return is_now(last_report("db"));
    }));
  }

  void enter(const std::string& backend, const std::string& name, long leave_after_ms = 0) const {
    const auto key = "switchyard:server:" + backend + ":" + name;
    redis_.pipe(
        "MULTI\nHSET " + key + " address 127.0.0.1 port " + std::to_string(one_.port()) +
        (leave_after_ms > 0 ? "\nPEXPIRE " + key + " " + std::to_string(leave_after_ms) : "") +
        "\nEXEC\n");
  }
  void say(const std::vector<std::string>& words) const { redis_.cli(words); }
  void stall() { to_redis_.break_all(tcp_proxy::fault::stall); }
  bool in_shop(const std::string& name) const {
    return eventually([&] { return !gateway_->server("shop", name).empty(); });
  }
  bool left_shop(const std::string& name) const {
    return eventually([&] { return gateway_->server("shop", name).empty(); });
  }
  json holds() const {
    return json::parse(http_ask(gateway_->api_port(), "GET", "/v1/holds").body).at("list");
  }
  bool holds_become(std::size_t count) const {
    return eventually([&] { return holds().size() == count; });
  }
  /// Waits for whole reconciles from now on.
  bool reconciled(int times) const {
    const auto passes = [&] {
      return figures(gateway_->api_port())
          .count(R"(switchyard_apply_seconds_count{pass="reconcile"})");
    };
    const auto before = passes();
    return eventually([&] { return passes() >= before + times; });
  }

  /// All that switchyard does by time: each of it is done, now as before.
  void everything_goes_on(const std::string& mark) {
    BOOST_TEST_INFO_SCOPE(mark);
    db_.sql(insert_server("api-backend", "db-" + mark, two_.port()));
    BOOST_TEST(gateway_->server_becomes("api-backend", "db-" + mark, at(two_)), "notification");
    gateway_->command("set server api-backend/srv1 weight 7");
    BOOST_TEST(gateway_->server_becomes("api-backend", "srv1", at(one_)), "reconcile");
    db_.sql(insert_backend_of_its_own_kind("own-" + mark) +
            insert_server("own-" + mark, "srv1", one_.port()));
    BOOST_TEST(eventually([&] { return gateway_->backend_exists("own-" + mark); }), "reload");
    enter("shop", "lease-" + mark, 4000);
    BOOST_TEST(in_shop("lease-" + mark), "keyspace notification");
    BOOST_TEST(left_shop("lease-" + mark), "time to live");
    stall();
    enter("shop", "after-" + mark);
    BOOST_TEST(in_shop("after-" + mark), "heartbeat");
  }

 private:
  static std::string at(const http_upstream& upstream) {
    return "127.0.0.1:" + std::to_string(upstream.port()) + " 100 ready";
  }
  std::string providers() const {
    return db_.provider_yaml() + "  - {name: registry, type: redis, url: \"redis://127.0.0.1:" +
           std::to_string(to_redis_.port()) + "\", heartbeat: 200ms, timeout: 1s}\n";
  }
  bool is_now(long long seconds) const {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch();
    return std::llabs(seconds - now.count()) < 60;
  }
  static bool haproxy_follows() {
    static const bool follows = [] {
      const bool starts = shifted_clock::goes_with(haproxy_binary());
      if (!starts)
        std::cout << "This HAProxy does not start with libfaketime, and keeps the true time\n";
      return starts;
    }();
    return follows;
  }
  long long last_report(const std::string& provider) const {
    const auto status = json::parse(http_ask(gateway_->api_port(), "GET", "/v1/status").body);
    for (const auto& p : status.at("providers")) {
      if (p.at("name") != provider) continue;
      std::tm utc{};
      ::strptime(p.at("last_report").get<std::string>().c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
      return ::timegm(&utc);
    }
    return 0;
  }

  shifted_clock clock_;
  redis_server redis_{"", clock_.environment(true)};
  tcp_proxy to_redis_{redis_.port()};
  http_upstream one_{"srv1"}, two_{"srv2"};
  schema db_;
  std::unique_ptr<site> gateway_;
};

/// Whether the tests can be run; says so where they cannot.
boost::test_tools::assertion_result with_libfaketime(boost::unit_test::test_unit_id /*id*/) {
#ifdef SWITCHYARD_SANITIZED
  std::cout << "NOT RUN: libfaketime does not go together with a sanitizer\n";
  return false;
#else
  if (shifted_clock::available()) return true;
  std::cout << "NOT RUN: no libfaketime here, so no clock can be set\n";
  return false;
#endif
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clock_jump, *boost::unit_test::precondition(with_libfaketime))

BOOST_AUTO_TEST_CASE(an_hour_forward_and_two_hours_back_stop_nothing) {
  timed all;
  continuous_load load(all.gateway().port(), 1);
  all.everything_goes_on("before");
  all.set(1h);
  all.everything_goes_on("forward");
  all.set(-1h);
  all.everything_goes_on("back");
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(all.holds().empty());
}

// Redis itself ends what should live for minutes; the guard keeps it until the services are there
// again.
BOOST_AUTO_TEST_CASE(what_redis_takes_for_expired_is_held_until_it_registers_again) {
  timed all;
  all.enter("shop", "first", 600'000);
  all.set(1h);
  BOOST_TEST(all.holds_become(1));
  BOOST_TEST(all.in_shop("first"));
  all.enter("shop", "first", 600'000);
  BOOST_TEST(all.holds_become(0));
  BOOST_TEST(all.in_shop("first"));
}

BOOST_AUTO_TEST_CASE(a_jump_does_not_let_go_what_is_held) {
  timed all("guard: {hold_timeout: 10m}\n");
  all.say({"DEL", "switchyard:server:shop:first"});
  BOOST_REQUIRE(all.holds_become(1));
  for (const auto ahead : {1h, 0h}) {
    all.set(ahead);
    BOOST_TEST(all.reconciled(3));
    BOOST_TEST(all.holds().size() == 1U, all.gateway().log());
    BOOST_TEST(all.in_shop("first"));
  }
  all.enter("shop", "first");
  BOOST_TEST(all.holds_become(0));
}

BOOST_AUTO_TEST_CASE(control_without_the_guard_what_redis_takes_for_expired_is_gone) {
  timed all(guard_off);
  all.enter("shop", "first", 600'000);
  all.set(1h);
  BOOST_TEST(all.left_shop("first"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
