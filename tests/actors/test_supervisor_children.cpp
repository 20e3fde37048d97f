// The supervisor's protocol while it runs, with children of the test's.

#include <algorithm>

#include "tests/actors/injected_children.hpp"
#include "tests/actors/manager_fixture.hpp"

namespace switchyard::actors {

using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(supervised_children, injected_children)

BOOST_AUTO_TEST_CASE(all_start_and_each_learns_of_those_it_works_with) {
  start_and_tell({{"a", ""}, {"b", ""}});
  check_told({"writer 1 starts", "manager 1 starts", "timer 1 starts", "provider a 1 starts",
              "provider b 1 starts", "api 1 starts", "manager 1: use writer 1",
              "timer 1: use manager 1", "provider a 1: use manager 1",
              "provider b 1: use manager 1"});
}

// -- who learns of a restart

BOOST_AUTO_TEST_CASE(of_a_new_writer_the_manager_alone_is_told) {
  start({{"a", ""}});
  wait_after_death_of("writer");
  check_told({"writer 1 ends", "writer 2 starts", "manager 1: use writer 2"});
}

BOOST_AUTO_TEST_CASE(of_a_new_manager_the_timer_and_all_providers_are_told) {
  start({{"a", ""}, {"b", ""}});
  wait_after_death_of("manager");
  check_told({"manager 1 ends", "manager 2 starts", "manager 2: use writer 1",
              "timer 1: use manager 2", "provider a 1: use manager 2",
              "provider b 1: use manager 2"});
}

BOOST_AUTO_TEST_CASE(of_a_new_provider_nobody_is_told_and_its_epochs_are_later_ones) {
  start({{"a", ""}, {"b", ""}});
  wait_after_death_of("provider a");
  check_told({"provider a 1 ends", "provider a 2 starts", "provider a 2: use manager 1"});
  BOOST_REQUIRE_EQUAL(seen->epochs.size(), 3U);
  BOOST_TEST(seen->epochs.at(1) > seen->epochs.at(0));
  BOOST_TEST(seen->epochs.at(2) > seen->epochs.at(1));
}

BOOST_AUTO_TEST_CASE(of_a_new_api_nobody_is_told) {
  start({{"a", ""}});
  wait_after_death_of("api");
  check_told({"api 1 ends", "api 2 starts"});
}

BOOST_AUTO_TEST_CASE(a_manager_that_comes_back_before_its_writer_is_told_of_it_later) {
  start({});
  wait_after_deaths(3, "writer");
  kill("writer");
  kill("manager");
  told();
  until_next();
  check_told({"manager 2 starts", "timer 1: use manager 2"});
  until_next();
  check_told({"writer 5 starts", "manager 2: use writer 5"});
}

BOOST_AUTO_TEST_CASE(a_manager_that_comes_back_after_its_writer_is_told_of_the_new_one) {
  start({});
  wait_after_deaths(3, "manager");
  kill("manager");
  kill("writer");
  told();
  until_next();
  check_told({"writer 2 starts"});
  until_next();
  check_told({"manager 5 starts", "manager 5: use writer 2", "timer 1: use manager 5"});
}

// -- when

BOOST_AUTO_TEST_CASE(a_child_that_ended_starts_after_a_wait_and_not_before) {
  start({});
  kill("timer");
  check_told({"timer 1 ends"});
  pass(49ms);
  check_told({});
  pass(51ms);
  check_told({"timer 2 starts", "timer 2: use manager 1"});
  BOOST_TEST(child("timer").restarts == 1U);
}

BOOST_AUTO_TEST_CASE(the_wait_doubles_with_each_death_up_to_ten_seconds) {
  start({});
  milliseconds nominal = 100ms;
  for (int death = 1; death <= 10; ++death) {
    const auto waited = wait_after_death_of("timer");
    BOOST_TEST_CONTEXT("death " << death << ", waited " << waited.count() << " ms") {
      BOOST_TEST((waited >= nominal / 2));
      BOOST_TEST((waited <= nominal));
    }
    nominal = std::min<milliseconds>(2 * nominal, 10s);
  }
  BOOST_TEST(child("timer").restarts == 10U);
  BOOST_TEST(given_up.empty());
}

BOOST_AUTO_TEST_CASE(half_a_minute_in_health_starts_the_waits_over) {
  start({});
  BOOST_TEST((wait_after_deaths(4, "timer") > 100ms));
  pass(29'999ms);
  BOOST_TEST((wait_after_death_of("timer") > 100ms));
  pass(30s);
  BOOST_TEST((wait_after_death_of("timer") <= 100ms));
}

BOOST_AUTO_TEST_CASE(the_deaths_of_one_child_do_not_delay_another_one) {
  start({{"a", ""}, {"b", ""}});
  wait_after_deaths(5, "provider a");
  BOOST_TEST((wait_after_death_of("provider b") <= 100ms));
}

BOOST_AUTO_TEST_CASE(writer_and_manager_are_given_up_with_their_seventh_death_in_a_row) {
  start({});
  unsigned expected = 0;
  for (const std::string name : {"writer", "manager"}) {
    wait_after_deaths(6, name);
    BOOST_TEST(given_up.size() == expected);
    kill(name);
    BOOST_REQUIRE_EQUAL(given_up.size(), ++expected);
    BOOST_TEST(given_up.back().starts_with(name + " keeps failing: "), given_up.back());
    BOOST_TEST(!scheduler.has_pending_timeout());
    BOOST_TEST(seen->made.at(name) == 7);
  }
}

BOOST_AUTO_TEST_CASE(a_writer_that_fails_once_in_a_while_is_never_given_up) {
  start({});
  for (int death = 0; death < 20; ++death) {
    wait_after_death_of("writer");
    pass(31s);
  }
  BOOST_TEST(given_up.empty());
}

// -- other settings

BOOST_AUTO_TEST_CASE(changed_settings_restart_a_provider_at_once_and_reach_all_others) {
  start({{"a", "old"}, {"b", ""}, {"same", ""}});
  self->send(supervisor, configure_atom::value,
             settings_of({{"a", "new"}, {"c", ""}, {"same", ""}}));
  run();
  auto all = told();
  std::sort(all.begin(), all.end());
  const lines expected{"api 1: configure",    "manager 1: configure",
                       "provider a 1 ends",   "provider a 1: has to end",
                       "provider a 2 starts", "provider a 2: use manager 1",
                       "provider b 1 ends",   "provider b 1: has to end",
                       "provider c 1 starts", "provider c 1: use manager 1",
                       "timer 1: configure",  "writer 1: configure"};
  BOOST_TEST(all == expected, boost::test_tools::per_element());
  BOOST_TEST(child("provider a").restarts == 0U);
  BOOST_TEST(!scheduler.has_pending_timeout());
}

BOOST_AUTO_TEST_CASE(what_waits_for_its_restart_starts_with_the_settings_of_then) {
  start({{"gone", ""}});
  const std::vector<std::string> waiting{"writer", "manager", "timer", "api"};
  for (const auto& name : waiting) kill(name);
  kill("provider gone");
  const auto next = settings_of({});
  self->send(supervisor, configure_atom::value, next);
  run();
  pass(1s);
  for (const auto& name : waiting) {
    BOOST_TEST(is_there(name), name);
    BOOST_TEST((seen->made_with[name] == next), name);
  }
  BOOST_TEST(seen->made["provider gone"] == 1);
}

// -- the real manager, when its writer dies

BOOST_AUTO_TEST_CASE(a_writer_that_dies_in_an_apply_is_followed_by_one_that_gets_everything) {
  make.manager = child_makers().manager;
  start({{"a", ""}});
  auto& writer = seen->writer;
  const auto answer = [&] {
    BOOST_REQUIRE(!writer.owed.empty());
    self->send(caf::actor_cast<writer_actor>(child("writer").handle), tick_atom::value);
    run();
  };
  const auto report = [&](const report_ptr& what) {
    self->send(caf::actor_cast<manager_actor>(child("manager").handle), report_atom::value,
               std::string("a"), std::uint64_t{1}, what);
    run();
  };
  const auto acknowledged = [&] {
    int n = 0;
    while (self->has_next_message()) self->receive([&](std::uint64_t) { ++n; });
    return n;
  };
  answer();  // a new writer always gets everything, were it nothing
  report(report_of({"x", "y"}));
  answer();
  BOOST_REQUIRE_EQUAL(acknowledged(), 1);
  report(report_of({"z"}, false));  // under way when the writer dies
  writer.requests.clear();
  writer.owed.clear();
  kill("writer");
  report(report_of({"y"}, false, "10.0.0.2"));  // and while nobody is there
  BOOST_TEST(acknowledged() == 0);
  BOOST_TEST(writer.requests.empty());
  until_next();
  BOOST_REQUIRE_EQUAL(writer.requests.size(), 1U);
  const auto& request = *writer.requests.front();
  BOOST_TEST(request.full);
  BOOST_REQUIRE_EQUAL(request.changes.size(), 3U);
  const auto y = std::find_if(request.changes.begin(), request.changes.end(),
                              [](const auto& c) { return c.name == "y"; });
  BOOST_REQUIRE((y != request.changes.end()));
  BOOST_TEST(y->value->servers.front().address == "10.0.0.2");
  BOOST_TEST(acknowledged() == 0);
  answer();
  BOOST_TEST(acknowledged() == 2);
  BOOST_TEST(child("manager").restarts == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
