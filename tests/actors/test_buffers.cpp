#include <boost/test/unit_test.hpp>
#include <set>

#include "actors/event_buffer.hpp"
#include "actors/refusal_log.hpp"
#include "actors/restart_policy.hpp"
#include "providers/publisher.hpp"

namespace switchyard::actors {

namespace {

model::report change(const std::string& name, bool full = false) {
  model::report r;
  r.full = full;
  auto b = std::make_shared<model::backend>();
  b->name = name;
  r.backends[name].value = b;
  return r;
}

model::report refused(std::vector<model::refusal> list, bool full) {
  model::report r;
  r.full = full;
  r.refused = std::move(list);
  return r;
}

/// Hands on what a publisher lets through.
struct logging_sink : providers::sink {
  refusal_log log;
  void report(model::report report) override { log.take("p", report); }
  void health(model::provider_health) override {}
};

std::vector<model::refusal> fifty() {
  std::vector<model::refusal> many;
  for (int i = 0; i < 50; ++i) many.push_back({"k" + std::to_string(i), "bad"});
  return many;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(event_buffer_behaviour)

BOOST_AUTO_TEST_CASE(only_the_first_report_wakes_the_actor) {
  event_buffer b(10);
  BOOST_TEST(b.put(change("a")));
  BOOST_TEST(!b.put(change("b")));
  BOOST_TEST(b.take()->backends.size() == 2U);
  BOOST_TEST(!b.take().has_value());
  BOOST_TEST(b.put(change("c")));
}

BOOST_AUTO_TEST_CASE(a_full_buffer_folds_and_loses_nothing) {
  event_buffer b(2);
  for (const auto* name : {"a", "b", "c", "d", "a"}) b.put(change(name));
  BOOST_TEST(b.take()->backends.size() == 4U);
}

BOOST_AUTO_TEST_CASE(a_snapshot_replaces_what_waited_before_it) {
  event_buffer b(10);
  b.put(change("a"));
  b.put(change("b", true));
  const auto all = b.take();
  BOOST_TEST(all->full);
  BOOST_TEST(all->backends.contains("b"));
  BOOST_TEST(!all->backends.contains("a"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(refusal_log_behaviour)

BOOST_AUTO_TEST_CASE(a_refusal_is_told_once_until_its_reason_changes) {
  refusal_log log;
  BOOST_TEST(log.take("p", refused({{"k", "bad"}}, true)).refused.size() == 1U);
  BOOST_TEST(log.take("p", refused({{"k", "bad"}}, true)).refused.empty());
  BOOST_TEST(log.take("p", refused({{"k", "worse"}}, false)).refused.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_refusal_that_was_mended_is_told_again_when_it_returns) {
  refusal_log log;
  log.take("p", refused({{"k", "bad"}}, true));
  const std::vector<std::string> well{"k, which was refused, is mended or gone"};
  BOOST_TEST(log.take("p", refused({}, true)).settled == well);
  BOOST_TEST(log.take("p", refused({}, true)).settled.empty());
  BOOST_TEST(log.take("p", refused({{"k", "bad"}}, true)).refused.size() == 1U);
  BOOST_TEST(log.take("p", refused({{"k", "worse"}}, true)).settled.empty());
}

BOOST_AUTO_TEST_CASE(changes_forget_what_they_mend_and_nothing_else) {
  refusal_log log;
  auto all = refused({{"backend", "bad", "a"},
                      {"server 1", "bad", "a", "s1"},
                      {"server 2", "bad", "a", "s2"},
                      {"of another", "bad", "b"},
                      {"route", "bad", "", "", true},
                      {"stray", "bad"}},
                     true);
  log.take("p", all);
  auto mended = change("a");
  mended.backends.at("a").refused_servers = {"s2"};  // not read anew, and as before
  const std::vector<std::string> well{"backend, which was refused, is mended or gone",
                                      "server 1, which was refused, is mended or gone"};
  BOOST_TEST(log.take("p", mended).settled == well, boost::test_tools::per_element());
  const auto left = [&] {
    std::set<std::string> keys;
    for (const auto& r : log.first("p", 100)) keys.insert(r.key);
    return keys;
  };
  BOOST_TEST((left() == std::set<std::string>{"of another", "route", "server 2", "stray"}));
  mended.backends.at("a").value.reset();
  mended.gone_refusals = {"stray"};
  mended.routes.emplace();
  log.take("p", mended);
  BOOST_TEST((left() == std::set<std::string>{"of another"}));
  auto still = change("b");
  still.backends.at("b").settings_refused = true;
  log.take("p", still);
  BOOST_TEST(log.count("p") == 1U);
}

BOOST_AUTO_TEST_CASE(a_refused_route_that_is_gone_is_forgotten_though_no_route_differs) {
  logging_sink sink;
  providers::publisher out(sink);
  auto routes = refused({}, true);
  routes.routes = {{"h", "/", "a"}};
  out.report(routes);
  routes.full = false;
  auto bad = routes;
  bad.refused = {{"routes(h, /%zz)", "bad path", "", "", true},
                 {"routes(h, /)", "another route has this host and path", "", "", true}};
  out.report(bad);
  BOOST_TEST(sink.log.count("p") == 2U);
  out.report(routes);
  BOOST_TEST(sink.log.count("p") == 0U);
}

BOOST_AUTO_TEST_CASE(changes_that_wait_together_refuse_what_the_last_one_refuses) {
  auto bad = change("a");
  bad.backends.at("a").settings_refused = true;
  bad.refused = {{"backend", "bad", "a"}};
  event_buffer b(1);
  b.put(bad);
  b.put(change("a"));
  BOOST_TEST(b.take()->refused.empty());
  b.put(change("a"));
  b.put(bad);
  BOOST_TEST(b.take()->refused.size() == 1U);
}

BOOST_AUTO_TEST_CASE(many_refusals_are_counted_instead_of_listed) {
  refusal_log log;
  const auto lines = log.take("p", refused(fifty(), true), 20).refused;
  BOOST_TEST(lines.size() == 21U);
  BOOST_TEST(lines.back() == "refused 30 more objects, to be named with the next reconciles");
  BOOST_TEST(log.count("p") == 50U);
  // Of those that no line has named none tells that they are mended.
  BOOST_TEST(log.take("p", refused({}, true), 20).settled.size() == 20U);
}

BOOST_AUTO_TEST_CASE(what_there_is_no_room_for_any_more_is_not_mended) {
  refusal_log log(2);
  log.take("p", refused({{"b", "bad"}, {"c", "bad"}}, true));
  BOOST_TEST(
      log.take("p", refused({{"a", "bad"}, {"b", "bad"}, {"c", "bad"}}, true)).settled.empty());
}

BOOST_AUTO_TEST_CASE(many_that_are_mended_are_counted_instead_of_listed) {
  refusal_log log;
  log.take("p", refused(fifty(), true), 50);
  const auto lines = log.take("p", refused({}, true), 20).settled;
  BOOST_TEST(lines.size() == 21U);
  BOOST_TEST(lines.back() == "30 more objects, refused before, mended or gone");
}

BOOST_AUTO_TEST_CASE(what_one_report_leaves_unnamed_the_next_full_views_name) {
  refusal_log log;
  std::set<std::string> named;
  for (const std::size_t count : {21U, 21U, 10U, 0U}) {
    const auto lines = log.take("p", refused(fifty(), true), 20).refused;
    BOOST_TEST(lines.size() == count);
    named.insert(lines.begin(), lines.end());
  }
  for (const auto& r : fifty()) BOOST_TEST(named.contains("refused " + r.key + ": bad"), r.key);
}

BOOST_AUTO_TEST_CASE(it_is_named_without_another_report_too_once_each) {
  refusal_log log;
  std::multiset<std::string> named;
  for (const auto& line : log.take("p", refused(fifty(), false), 20).refused) named.insert(line);
  for (const std::size_t count : {20U, 10U, 0U}) {
    const auto lines = log.further("p", 20);
    BOOST_TEST(lines.size() == count);
    named.insert(lines.begin(), lines.end());
  }
  for (const auto& r : fifty()) BOOST_TEST(named.count("refused " + r.key + ": bad") == 1U, r.key);
  BOOST_TEST(log.take("p", refused(fifty(), true), 20).refused.empty());
  BOOST_TEST(log.further("other").empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(restart_policy_behaviour)

BOOST_AUTO_TEST_CASE(a_vital_child_that_keeps_failing_is_given_up) {
  restart_policy policy(true, 3);
  base::backoff::clock::time_point now{};
  for (int i = 0; i < 3; ++i) {
    const auto wait = policy.ended(now, 0);
    BOOST_REQUIRE(wait.has_value());
    now += *wait;
  }
  BOOST_TEST(!policy.ended(now, 0).has_value());
  BOOST_TEST(policy.restarts() == 4U);
}

BOOST_AUTO_TEST_CASE(a_healthy_spell_forgives_earlier_failures) {
  restart_policy policy(true, 1);
  base::backoff::clock::time_point now{};
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST(policy.ended(now, 0).has_value());
    now += std::chrono::seconds(60);
  }
}

BOOST_AUTO_TEST_CASE(a_provider_is_never_given_up) {
  restart_policy policy(false, 1);
  for (int i = 0; i < 100; ++i) BOOST_TEST(policy.ended({}, 0).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
