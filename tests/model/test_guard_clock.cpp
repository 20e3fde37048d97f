// The guard when somebody sets the wall clock.

#include <boost/test/unit_test.hpp>

#include "model/guard.hpp"

namespace switchyard::model {

namespace {

using namespace std::chrono_literals;

report snapshot_of(int servers) {
  backend b;
  b.name = "front";
  for (int i = 0; i < servers; ++i) {
    server s;
    s.name = "s" + std::to_string(i);
    s.address = "10.0.0." + std::to_string(i);
    s.port = 80;
    b.servers.push_back(s);
  }
  sort_servers(b.servers);
  report r;
  r.full = true;
  r.routes.emplace();
  r.backends["front"].value = std::make_shared<const backend>(b);
  return r;
}

struct watched {
  desired_state state{{"p"}};
  guard watch;
  wall_time now{100h};

  explicit watched(const guard_rules& rules) { watch.configure(rules, {"front"}, {"p"}); }

  std::size_t holds_after(int servers) {
    const auto r = snapshot_of(servers);
    const auto verdict = watch.screen("p", state, r, now);
    state.fold("p", verdict.instead ? *verdict.instead : r);
    return watch.holds().size();
  }
};

guard_rules with_timeout() {
  guard_rules rules;
  rules.hold_timeout = 10min;
  return rules;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(guard_clock)

BOOST_AUTO_TEST_CASE(what_is_held_stays_as_long_as_it_should_though_the_clock_is_set) {
  for (const auto jump : {1h, -1h}) {
    watched held(with_timeout());
    held.holds_after(2);
    BOOST_REQUIRE_EQUAL(held.holds_after(0), 1U);
    held.now += jump;
    held.watch.clock_set(jump);
    BOOST_TEST((held.watch.holds().begin()->second.since == held.now));
    BOOST_TEST(!held.watch.expire(held.state, held.now + 10min - 1ms));
    BOOST_TEST(held.watch.expire(held.state, held.now + 10min).has_value());
  }
}

BOOST_AUTO_TEST_CASE(without_being_told_of_it_a_jump_lets_go) {
  watched held(with_timeout());
  held.holds_after(2);
  BOOST_REQUIRE_EQUAL(held.holds_after(0), 1U);
  BOOST_TEST(held.watch.expire(held.state, held.now + 1h).has_value());
}

BOOST_AUTO_TEST_CASE(losses_before_and_after_a_jump_count_together) {
  guard_rules rules;
  rules.window = 1min;
  watched losing(rules);
  BOOST_REQUIRE_EQUAL(losing.holds_after(40), 0U);
  BOOST_REQUIRE_EQUAL(losing.holds_after(25), 0U);
  losing.now += 1h;
  losing.watch.clock_set(1h);
  BOOST_TEST(losing.holds_after(13) == 1U);
}

BOOST_AUTO_TEST_CASE(without_being_told_of_it_they_count_alone) {
  guard_rules rules;
  rules.window = 1min;
  watched losing(rules);
  BOOST_REQUIRE_EQUAL(losing.holds_after(40), 0U);
  BOOST_REQUIRE_EQUAL(losing.holds_after(25), 0U);
  losing.now += 1h;
  BOOST_TEST(losing.holds_after(13) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::model
