#include "model/guard.hpp"

#include <boost/test/unit_test.hpp>

using namespace switchyard::model;
using namespace std::chrono_literals;

namespace {

using names = std::set<std::string>;

/// Servers s00, s01 … of a backend; their addresses begin at `at`.
std::vector<server> servers(int count, int at = 0) {
  std::vector<server> all;
  for (int i = 0; i < count; ++i) {
    server s;
    s.name = std::string("s") + (i < 10 ? "0" : "") + std::to_string(i);
    s.address = "10.0.0." + std::to_string(at + i);
    s.port = 80;
    all.push_back(s);
  }
  return all;
}

backend_ptr make(std::string name, std::vector<server> of) {
  return std::make_shared<const backend>(backend{std::move(name), {}, std::move(of)});
}

report changes(std::initializer_list<backend_ptr> values) {
  report r;
  for (const auto& value : values) r.backends[value->name].value = value;
  return r;
}

report snapshot(std::initializer_list<backend_ptr> values, std::vector<route> routes = {}) {
  auto r = changes(values);
  r.full = true;
  r.routes = std::move(routes);
  return r;
}

report removal(const std::string& name) {
  report r;
  r.backends[name] = {};
  return r;
}

/// A guard with the state behind it, as the manager has them.
struct fixture {
  desired_state state{{"p", "q"}};
  guard watch;
  guard_rules rules;
  std::set<std::string> leading{"front"};
  wall_time now{1h};

  fixture() { use(); }

  void use() { watch.configure(rules, leading, {"p", "q"}); }

  guard::verdict take(const report& r, const std::string& provider = "p") {
    auto verdict = watch.screen(provider, state, r, now);
    state.fold(provider, verdict.instead ? *verdict.instead : r);
    return verdict;
  }

  void approve(std::uint64_t id) {
    const auto release = watch.approve(id, state);
    BOOST_REQUIRE(release.has_value());
    state.fold(release->what.provider, release->removals);
  }

  /// How many servers of a backend are served; -1: there is none of that name.
  int served(const std::string& backend) const {
    const auto found = state.find(backend);
    return found ? static_cast<int>(found->servers.size()) : -1;
  }

  const hold& only() const {
    BOOST_REQUIRE_EQUAL(watch.holds().size(), 1U);
    return watch.holds().begin()->second;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(guards, fixture)

// -- a provider as a whole

BOOST_AUTO_TEST_CASE(more_than_half_of_a_provider_at_once_is_held_with_its_numbers) {
  take(snapshot({make("a", servers(10)), make("b", servers(10, 50))}));
  const auto verdict = take(snapshot({make("a", servers(9))}));
  BOOST_REQUIRE_EQUAL(verdict.began.size(), 1U);
  BOOST_TEST(verdict.ended.empty());
  BOOST_TEST((only() == verdict.began.front()));
  BOOST_TEST((only().cause == hold_cause::share));
  BOOST_TEST(only().lost == 11U);
  BOOST_TEST(only().of == 20U);
  BOOST_TEST((only().since == now));
  BOOST_TEST(only().backend == "");
  BOOST_TEST(only().server_count() == 11U);
  BOOST_TEST((only().absent == names{"b"}));
  BOOST_TEST(what_of(only()) == "provider p would lose 11 of 20 servers");
  BOOST_TEST(served("a") == 10);
  BOOST_TEST(served("b") == 10);
  BOOST_TEST((watch.held_in("p", "a") == names{"s09"}));
  BOOST_TEST(watch.held_in("q", "a").empty());
}

BOOST_AUTO_TEST_CASE(half_of_a_provider_goes_and_so_do_fewer_than_min_removed) {
  take(snapshot({make("a", servers(20))}));
  BOOST_TEST(!take(changes({make("a", servers(10))})).instead);
  BOOST_TEST(served("a") == 10);
  take(snapshot({make("a", servers(10))}, {}), "q");
  now += 1h;
  BOOST_TEST(take(changes({make("a", servers(1))})).began.empty());
  BOOST_TEST(served("a") == 1);
}

BOOST_AUTO_TEST_CASE(with_the_limits_off_everything_goes) {
  rules.max_removed = 100;
  rules.keep_last_server = false;
  use();
  take(snapshot({make("front", servers(20))}, {{"", "/", "front"}}));
  BOOST_TEST(!take(snapshot({})).instead);
  BOOST_TEST(served("front") == -1);
  BOOST_TEST(state.routes().empty());
}

BOOST_AUTO_TEST_CASE(a_provider_that_is_not_guarded_loses_what_it_says) {
  watch.configure(rules, leading, {"q"});
  take(snapshot({make("front", servers(20))}));
  BOOST_TEST(!take(snapshot({})).instead);
  BOOST_TEST(served("front") == -1);
}

BOOST_AUTO_TEST_CASE(what_is_added_and_changed_goes_through_beside_a_hold) {
  take(snapshot({make("a", servers(10)), make("b", servers(10, 50))}));
  auto changed = servers(10);
  changed[0].weight = 7;
  changed.erase(changed.begin() + 1, changed.begin() + 3);
  take(snapshot({make("a", changed), make("c", servers(1, 90))}));
  BOOST_TEST(state.find("a")->find("s00")->weight == 7);
  BOOST_TEST(served("a") == 10);
  BOOST_TEST(served("b") == 10);
  BOOST_TEST(served("c") == 1);
  BOOST_TEST(only().server_count() == 12U);
}

BOOST_AUTO_TEST_CASE(an_explicit_state_is_never_held_nor_the_end_of_a_drained_server) {
  take(snapshot({make("front", servers(20))}));
  auto drained = servers(20);
  for (auto& s : drained) s.state = server_state::drain;
  BOOST_TEST(!take(changes({make("front", drained)})).instead);
  BOOST_TEST(!take(snapshot({})).instead);
  BOOST_TEST(served("front") == -1);
}

BOOST_AUTO_TEST_CASE(servers_of_weight_0_carry_nothing_that_could_be_lost) {
  auto of = servers(2);
  of[1].weight = 0;
  take(snapshot({make("front", of), make("b", servers(1, 50))}));
  BOOST_TEST(take(changes({make("front", {of[1]})})).began.size() == 1U);
  BOOST_TEST(served("front") == 2);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_renamed_at_its_address_is_no_loss) {
  take(snapshot({make("front", servers(20))}));
  auto renamed = servers(20);
  for (auto& s : renamed) s.name = "n" + s.name;
  BOOST_TEST(!take(snapshot({make("front", renamed)})).instead);
  BOOST_TEST(served("front") == 20);
}

BOOST_AUTO_TEST_CASE(servers_with_other_host_names_are_not_at_one_address) {
  fixture f;
  auto named = servers(30);
  for (auto& s : named) {
    s.host = s.name + ".example";
    s.address.clear();
  }
  f.take(snapshot({make("front", named)}));
  named.erase(named.begin() + 10, named.end());
  BOOST_TEST(f.take(snapshot({make("front", named)})).began.size() == 1U);
  BOOST_TEST(f.served("front") == 30);
}

BOOST_AUTO_TEST_CASE(others_in_their_place_are_served_beside_what_is_held) {
  take(snapshot({make("a", servers(20))}));
  auto others = servers(20, 100);
  for (auto& s : others) s.name = "n" + s.name;
  take(snapshot({make("a", others)}));
  BOOST_TEST(served("a") == 40);
  BOOST_TEST(only().lost == 20U);
}

// -- a slow bleed

BOOST_AUTO_TEST_CASE(losses_within_the_window_count_together) {
  take(snapshot({make("a", servers(20))}));
  for (int left = 19; left >= 10; --left) {
    now += 1s;
    BOOST_TEST(!take(changes({make("a", servers(left))})).instead);
  }
  now += 1s;
  take(changes({make("a", servers(9))}));
  BOOST_TEST(only().lost == 11U);
  BOOST_TEST(only().of == 20U);
  BOOST_TEST(served("a") == 10);
}

BOOST_AUTO_TEST_CASE(losses_that_lie_far_apart_do_not) {
  take(snapshot({make("a", servers(20))}));
  for (int left = 19; left >= 1; --left) {
    now += 10s;
    take(changes({make("a", servers(left))}));
  }
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(served("a") == 1);
}

BOOST_AUTO_TEST_CASE(without_a_window_each_report_stands_alone) {
  rules.window = 0ms;
  use();
  take(snapshot({make("a", servers(20))}));
  for (int left = 19; left >= 1; --left) take(changes({make("a", servers(left))}));
  BOOST_TEST(watch.holds().empty());
}

BOOST_AUTO_TEST_CASE(a_rolling_replacement_is_no_bleed) {
  auto now_there = servers(20);
  take(snapshot({make("a", now_there)}));
  for (int i = 0; i < 20; ++i) {
    auto next = servers(1, 100 + i).front();
    next.name = "t" + std::to_string(100 + i);
    now_there.push_back(next);
    now_there.erase(now_there.begin());
    take(changes({make("a", now_there)}));
  }
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(served("a") == 20);
}

// -- a provider's last

BOOST_AUTO_TEST_CASE(a_small_provider_does_not_empty_itself_while_it_is_in_use) {
  take(snapshot({make("a", servers(2)), make("b", servers(1, 50))}, {{"h", "/", "a"}}));
  take(snapshot({}));
  BOOST_TEST((only().cause == hold_cause::last));
  BOOST_TEST(what_of(only()) == "provider p would lose its last 3 servers");
  BOOST_TEST(served("a") == 2);
  BOOST_TEST(served("b") == 1);
  BOOST_TEST((state.routes() == std::vector<route>{{"h", "/", "a"}}));
}

BOOST_AUTO_TEST_CASE(a_small_provider_that_nothing_leads_to_may_empty_itself) {
  take(snapshot({make("a", servers(2))}));
  BOOST_TEST(!take(snapshot({})).instead);
  BOOST_TEST(served("a") == -1);
}

BOOST_AUTO_TEST_CASE(the_last_routes_of_a_provider_are_held) {
  take(snapshot({make("a", servers(2))}, {{"h", "/", "a"}, {"h", "/x", "a"}}));
  report none;
  none.routes.emplace();
  take(none);
  BOOST_TEST(what_of(only()) == "provider p would lose its last 2 routes");
  BOOST_TEST(state.routes().size() == 2U);
  approve(only().id);
  BOOST_TEST(state.routes().empty());
  BOOST_TEST(served("a") == 2);
}

BOOST_AUTO_TEST_CASE(most_of_many_routes_are_held) {
  std::vector<route> all;
  for (int i = 0; i < 20; ++i) all.push_back({"h" + std::to_string(i), "/", "a"});
  take(snapshot({make("a", servers(2))}, all));
  report few;
  few.routes = std::vector<route>{all[0], all[1]};
  few.routes->at(1).backend = "b";  // a change, which goes through
  take(few);
  BOOST_TEST(what_of(only()) == "provider p would lose 18 of 20 routes");
  BOOST_TEST(state.routes().size() == 20U);
  report back;
  back.routes = all;
  BOOST_TEST(take(back).ended.size() == 1U);
  BOOST_TEST(watch.holds().empty());
}

// -- one backend

BOOST_AUTO_TEST_CASE(the_last_ready_server_of_a_backend_that_a_frontend_leads_to_is_held) {
  auto of = servers(2);
  of[1].state = server_state::maint;
  take(snapshot({make("front", of), make("b", servers(3, 50))}));
  take(changes({make("front", {of[1]})}));
  BOOST_TEST((only().cause == hold_cause::last_server));
  BOOST_TEST(only().backend == "front");
  BOOST_TEST(what_of(only()) == "backend front of provider p would lose its last ready server");
  BOOST_TEST(served("front") == 2);
  approve(only().id);
  BOOST_TEST(served("front") == 1);
  BOOST_TEST(watch.holds().empty());
}

BOOST_AUTO_TEST_CASE(a_backend_that_a_route_of_another_provider_leads_to_is_held_as_a_whole) {
  take(snapshot({}, {{"h", "/", "a"}}), "q");
  take(snapshot({make("a", servers(2)), make("b", servers(3, 50))}));
  take(removal("a"));
  BOOST_TEST(only().server_count() == 2U);
  BOOST_TEST((only().absent == names{"a"}));
  BOOST_TEST(served("a") == 2);
  approve(only().id);
  BOOST_TEST(served("a") == -1);
}

BOOST_AUTO_TEST_CASE(a_backend_that_goes_with_its_route_goes) {
  take(snapshot({make("a", servers(2)), make("b", servers(3, 50))},
                {{"h", "/", "a"}, {"h", "/b", "b"}}));
  auto both = removal("a");
  both.routes = std::vector<route>{{"h", "/b", "b"}};
  BOOST_TEST(!take(both).instead);
  BOOST_TEST(served("a") == -1);
}

BOOST_AUTO_TEST_CASE(routes_to_a_backend_that_is_held_stay_with_it) {
  take(snapshot({make("a", servers(2)), make("b", servers(3, 50))},
                {{"h", "/", "a"}, {"h", "/b", "b"}}));
  take(removal("a"));
  report without;
  without.routes = std::vector<route>{{"h", "/b", "b"}};
  take(without);
  BOOST_TEST((only().routes == std::set<place>{{"h", "/"}}));
  BOOST_TEST(state.routes().size() == 2U);
  approve(only().id);
  BOOST_TEST(served("a") == -1);
  BOOST_TEST(state.routes().size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_version_of_another_provider_stands_in) {
  take(snapshot({make("front", servers(1)), make("b", servers(3, 50))}));
  take(snapshot({make("front", servers(2, 90))}), "q");
  BOOST_TEST(!take(removal("front")).instead);
  BOOST_TEST(served("front") == 2);
  BOOST_TEST(state.owner("front") == "q");
}

BOOST_AUTO_TEST_CASE(the_version_of_another_provider_that_has_no_ready_server_does_not) {
  auto away = servers(2, 90);
  for (auto& s : away) s.state = server_state::maint;
  take(snapshot({make("front", servers(1)), make("b", servers(3, 50))}));
  take(snapshot({make("front", away)}), "q");
  take(removal("front"));
  BOOST_TEST(only().backend == "front");
  BOOST_TEST(state.owner("front") == "p");
}

BOOST_AUTO_TEST_CASE(a_backend_that_is_another_providers_may_lose_its_servers_here) {
  take(snapshot({make("front", servers(1))}));
  take(snapshot({make("front", servers(1, 90)), make("c", servers(1, 91))}), "q");
  BOOST_TEST(!take(removal("front"), "q").instead);
}

BOOST_AUTO_TEST_CASE(as_many_servers_again_end_the_hold_of_a_backend) {
  take(snapshot({make("front", servers(2)), make("b", servers(3, 50))}));
  take(changes({make("front", {})}));
  auto other = servers(2, 90);
  for (auto& s : other) s.name = "n" + s.name;
  take(changes({make("front", {other[0]})}));
  BOOST_TEST(served("front") == 3);  // one of two is not enough
  const auto verdict = take(changes({make("front", other)}));
  BOOST_TEST(verdict.ended.size() == 1U);
  BOOST_TEST(served("front") == 2);
  BOOST_TEST(watch.holds().empty());
}

BOOST_AUTO_TEST_CASE(as_many_servers_again_end_the_hold_of_a_small_provider) {
  take(snapshot({make("front", servers(2))}));
  take(snapshot({}));
  BOOST_TEST((only().cause == hold_cause::last));
  take(snapshot({make("front", servers(1, 90))}));
  BOOST_TEST(served("front") == 2);  // s00 is back, at another address
  auto other = servers(3, 90);
  other.erase(other.begin() + 1);
  take(snapshot({make("front", other)}));
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST((state.find("front")->servers == other));
}

BOOST_AUTO_TEST_CASE(servers_that_are_replaced_stay_as_long_as_their_routes_are_missing) {
  take(snapshot({make("a", servers(1))}, {{"h", "/", "a"}}));
  take(snapshot({}));
  auto other = servers(2, 90);
  other.erase(other.begin());
  take(snapshot({make("a", other)}));
  BOOST_TEST(served("a") == 2);
  BOOST_TEST(state.routes().size() == 1U);
  take(snapshot({make("a", other)}, {{"h", "/", "a"}}));
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(served("a") == 1);
}

// -- how a hold goes on

BOOST_AUTO_TEST_CASE(what_the_source_has_again_leaves_the_hold_and_the_rest_stays) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  BOOST_TEST(only().server_count() == 20U);
  const auto some = take(snapshot({make("a", servers(15))}));
  BOOST_TEST((some.began.empty() && some.ended.empty()));
  BOOST_TEST(only().server_count() == 5U);
  BOOST_TEST(only().absent.empty());
  BOOST_TEST(served("a") == 20);
  const auto all = take(snapshot({make("a", servers(20))}));
  BOOST_TEST(all.ended.size() == 1U);
  BOOST_TEST(!all.instead);
  BOOST_TEST(watch.holds().empty());
}

BOOST_AUTO_TEST_CASE(a_held_server_comes_back_as_the_source_has_it) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  auto moved = servers(20);
  moved[3].address = "10.9.9.9";
  moved[4].state = server_state::drain;
  moved[5].name = "renamed";
  sort_servers(moved);
  take(snapshot({make("a", moved)}));
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST((state.find("a")->servers == moved));
}

BOOST_AUTO_TEST_CASE(a_second_report_makes_the_hold_larger) {
  take(snapshot({make("a", servers(20)), make("b", servers(6, 50))}));
  take(changes({make("a", servers(2))}));
  const auto id = only().id;
  const auto verdict = take(changes({make("b", servers(5, 50))}));
  BOOST_TEST(verdict.began.size() == 1U);
  BOOST_TEST(only().id == id);
  BOOST_TEST(only().lost == 19U);
  BOOST_TEST(only().of == 26U);
  BOOST_TEST(served("b") == 6);
}

BOOST_AUTO_TEST_CASE(a_report_of_something_else_leaves_the_hold_alone) {
  take(snapshot({make("a", servers(20)), make("b", servers(6, 50))}));
  take(changes({make("a", servers(2))}));
  const auto before = only();
  BOOST_TEST(!take(changes({make("b", servers(7, 50))})).instead);
  BOOST_TEST((only() == before));
  BOOST_TEST(served("a") == 20);
}

BOOST_AUTO_TEST_CASE(a_list_of_servers_that_could_not_be_read_says_nothing_of_what_is_held) {
  take(snapshot({make("a", servers(20)), make("b", servers(6, 50))}));
  take(changes({make("a", servers(2))}));
  const auto before = only();
  auto unreadable = changes({make("a", {})});
  unreadable.backends["a"].servers_refused = true;
  take(unreadable);
  BOOST_TEST((only() == before));
  BOOST_TEST(served("a") == 20);
}

BOOST_AUTO_TEST_CASE(a_held_server_that_the_source_has_again_and_cannot_be_read_is_back) {
  take(snapshot({make("front", servers(1)), make("b", servers(6, 50))}));
  take(changes({make("front", {})}));
  auto unreadable = changes({make("front", {})});
  unreadable.backends["front"].refused_servers = {"s00"};
  BOOST_TEST(take(unreadable).ended.size() == 1U);
  BOOST_TEST(served("front") == 1);  // its last good version
}

BOOST_AUTO_TEST_CASE(what_was_refused_in_a_report_stays_refused_beside_what_is_held) {
  take(snapshot({make("a", servers(20))}));
  auto r = changes({make("a", servers(1))});
  r.backends["a"].refused_servers = {"s05", "unknown"};
  take(r);
  BOOST_TEST(only().server_count() == 18U);
  BOOST_TEST(served("a") == 20);
  BOOST_TEST((state.unread_of("a").by_name == names{"unknown"}));
  approve(only().id);
  BOOST_TEST(served("a") == 2);
  BOOST_TEST((state.unread_of("a").by_name == names{"unknown"}));
}

// -- decisions

BOOST_AUTO_TEST_CASE(what_was_approved_is_not_held_again) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({make("a", servers(2))}));
  approve(only().id);
  BOOST_TEST(served("a") == 2);
  BOOST_TEST(!take(snapshot({make("a", servers(2))})).instead);
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(!watch.approve(1, state));
}

BOOST_AUTO_TEST_CASE(what_was_approved_does_not_count_within_the_window) {
  take(snapshot({make("a", servers(30))}));
  take(changes({make("a", servers(16))}));
  take(changes({make("a", servers(14))}));
  BOOST_TEST(only().lost == 16U);
  approve(only().id);
  BOOST_TEST(served("a") == 14);
  BOOST_TEST(!take(changes({make("a", servers(13))})).instead);
}

BOOST_AUTO_TEST_CASE(what_was_rejected_stays_whatever_goes_later) {
  take(snapshot({make("a", servers(20)), make("b", servers(20, 50))}));
  take(changes({make("a", {})}));
  BOOST_TEST(watch.holds().empty());  // half
  take(changes({make("b", servers(10, 50))}));
  const auto first = only().id;
  BOOST_REQUIRE(watch.reject(first).has_value());
  BOOST_TEST(only().rejected);
  BOOST_TEST(served("b") == 20);
  // Judged anew, and held on its own account.
  take(removal("b"));
  BOOST_REQUIRE_EQUAL(watch.holds().size(), 2U);
  const auto& second = watch.holds().rbegin()->second;
  BOOST_TEST(!second.rejected);
  BOOST_TEST(second.server_count() == 10U);
  BOOST_TEST(served("b") == 20);
  approve(second.id);
  BOOST_TEST(served("b") == 10);
  BOOST_TEST(take(snapshot({make("b", servers(20, 50))})).ended.size() == 1U);
  BOOST_TEST(!watch.reject(99));
}

BOOST_AUTO_TEST_CASE(a_hold_times_out_where_that_is_set) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  BOOST_TEST(!watch.next_expiry());
  rules.hold_timeout = 5min;
  use();
  BOOST_TEST((watch.next_expiry() == now + 5min));
  BOOST_TEST(!watch.expire(state, now + 5min - 1ms));
  const auto due = watch.expire(state, now + 5min);
  BOOST_REQUIRE(due.has_value());
  state.fold("p", due->removals);
  BOOST_TEST(served("a") == -1);
  BOOST_TEST(!watch.expire(state, now + 5min));
}

BOOST_AUTO_TEST_CASE(what_was_rejected_does_not_time_out) {
  rules.hold_timeout = 5min;
  use();
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  watch.reject(only().id);
  BOOST_TEST(!watch.next_expiry());
  BOOST_TEST(!watch.expire(state, now + 1h));
}

BOOST_AUTO_TEST_CASE(a_provider_that_is_taken_from_the_settings_takes_its_holds_along) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  state.configure({"q"});
  watch.configure(rules, leading, {"q"});
  BOOST_TEST(watch.holds().empty());
  BOOST_TEST(served("a") == -1);
}

BOOST_AUTO_TEST_CASE(numbers_are_never_given_twice) {
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  BOOST_TEST(only().id == 1U);
  take(snapshot({make("a", servers(20))}));
  take(snapshot({}));
  BOOST_TEST(only().id == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
