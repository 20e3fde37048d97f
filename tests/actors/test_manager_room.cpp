// What is held counts within the provider's quota.

#include <boost/test/unit_test.hpp>

#include "tests/actors/manager_fixture.hpp"

namespace switchyard::actors {

namespace {

/// So many backends of one server each: twice as many objects.
std::vector<std::string> named(const std::string& letter, int count = 20) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(letter + std::to_string(i));
  return names;
}

/// A source with a quota of 100 objects that gives all its servers new names at each deploy.
struct deploys : manager_fixture {
  deploys() {
    use(100);
    start(settings);
    for (const auto* letter : {"a", "b"}) report("p", report_of(named(letter)));
  }

  void use(std::uint32_t most) {
    auto s = std::make_shared<switchyard::config::settings>(*settings_with({"p"}));
    s->providers.front().max_objects = most;
    settings = s;
  }

  bool degraded() { return status()->providers.front().state == "degraded"; }
  bool serves(const std::string& backend) {
    return ask<desired_ptr>(find_atom::value, backend)->value != nullptr;
  }
  std::string address(const std::string& backend) {
    return ask<desired_ptr>(find_atom::value, backend)->value->servers.front().address;
  }

  settings_ptr settings;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(room_for_what_is_held, deploys)

BOOST_AUTO_TEST_CASE(a_report_that_makes_too_much_of_what_is_held_waits) {
  BOOST_TEST(status()->backends == 40U);
  BOOST_TEST(!degraded());
  while (!record.owed.empty()) answer();
  acknowledgements();
  report("p", report_of(named("c")));
  BOOST_TEST(acknowledgements() == 1);  // nobody waits for it
  const auto s = status();
  BOOST_TEST(s->backends == 40U);
  BOOST_TEST(s->holds.holds.front().server_count == 20U);
  BOOST_TEST(s->providers.front().state == "degraded");
  BOOST_TEST(s->providers.front().reason.find(
                 "would have 120 backends, servers and routes, more than max_objects (100)") !=
             std::string::npos);
  BOOST_TEST(!serves("c0"));
}

BOOST_AUTO_TEST_CASE(the_first_hold_fits_in_any_case_and_can_be_let_go) {
  use(50);  // 40 objects, and as many that are held
  self->send(manager, configure_atom::value, settings);
  run();
  ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  BOOST_REQUIRE(status()->holds.count == 0U);
  report("p", report_of(named("c")));
  BOOST_TEST(serves("c0"));
  BOOST_TEST(serves("b0"));
  BOOST_TEST(status()->holds.count == 1U);
  BOOST_TEST(!degraded());
}

BOOST_AUTO_TEST_CASE(it_comes_in_when_what_is_held_is_let_go) {
  report("p", report_of(named("c")));
  BOOST_REQUIRE(ask<decision_ptr>(approve_atom::value, std::uint64_t{1})->hold);
  BOOST_TEST(!serves("a0"));
  BOOST_TEST(serves("b0"));  // held now
  BOOST_TEST(serves("c0"));
  BOOST_TEST(status()->holds.holds.front().id == 2U);
  BOOST_TEST(!degraded());
}

BOOST_AUTO_TEST_CASE(it_comes_in_at_the_next_reconcile_when_the_quota_is_raised) {
  report("p", report_of(named("c")));
  self->send(manager, reconcile_atom::value);
  run();
  BOOST_TEST(!serves("c0"));
  use(200);
  self->send(manager, configure_atom::value, settings);
  self->send(manager, reconcile_atom::value);
  run();
  BOOST_TEST(status()->backends == 60U);
  BOOST_TEST(!degraded());
}

BOOST_AUTO_TEST_CASE(a_source_that_is_as_before_waits_no_more) {
  report("p", report_of(named("c")));
  report("p", report_of(named("b")));
  BOOST_TEST(!degraded());
  BOOST_TEST(status()->backends == 40U);
  BOOST_TEST(status()->holds.count == 1U);
  ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  BOOST_TEST(status()->backends == 20U);
  BOOST_TEST(!serves("c0"));
}

BOOST_AUTO_TEST_CASE(changes_that_need_no_room_go_on_and_are_not_lost) {
  report("p", report_of(named("c")));
  report("p", report_of({"b0"}, false, "10.0.0.9"));
  BOOST_TEST(address("b0") == "10.0.0.9");
  report("p", report_of({"c0"}, false, "10.0.0.8"));
  report("p", report_of(named("d", 10), false));
  BOOST_TEST(!serves("d0"));
  ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  BOOST_TEST(address("c0") == "10.0.0.8");
  BOOST_TEST(serves("d0"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
