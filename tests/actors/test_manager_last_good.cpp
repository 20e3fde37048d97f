#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>

#include "tests/actors/manager_fixture.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

struct kept : manager_fixture {
  tests::temp_dir folder;
  keeper_ptr keeper = new_keeper();

  keeper_ptr new_keeper() const {
    return std::make_shared<view_keeper>(folder / "state", make_silent_observer());
  }
  /// Another manager, after a restart of everything.
  void restart(const std::vector<std::string>& providers) {
    self->send_exit(manager, caf::exit_reason::kill);
    run();
    manager = nullptr;
    keeper.reset();
    keeper = new_keeper();
    record.owed.clear();
    start(settings_with(providers), keeper);
  }
  void degrade(const std::string& provider) {
    self->send(manager, health_atom::value, provider,
               std::make_shared<const model::provider_health>(
                   model::provider_health{model::provider_health::level::degraded, "gone"}));
    run();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(manager_last_good, kept)

BOOST_AUTO_TEST_CASE(a_source_that_is_down_has_its_last_good_view_served_and_nothing_removed) {
  start(settings_with({"p"}), keeper);
  report("p", report_of({"a", "b"}));
  answer();
  restart({"p"});
  BOOST_TEST(status()->backends == 0U);  // its source may answer at any moment
  BOOST_TEST(!status()->providers.front().last_good);
  degrade("p");
  const auto s = status();
  BOOST_TEST(s->backends == 2U);
  BOOST_TEST(s->providers.front().last_good.has_value());
  BOOST_TEST(!s->providers.front().reported);
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_TEST(record.requests.back()->changes.size() == 2U);
  BOOST_TEST(!record.requests.back()->complete);
  answer();
  report("p", report_of({"a", "b"}));
  BOOST_TEST(record.requests.back()->complete);
  BOOST_TEST(!status()->providers.front().last_good);
}

BOOST_AUTO_TEST_CASE(a_source_that_is_silent_falls_back_with_the_first_reconcile) {
  start(settings_with({"p"}), keeper);
  report("p", report_of({"a", "b"}));
  answer();
  restart({"p"});
  self->send(manager, reconcile_atom::value);
  run();
  BOOST_TEST(status()->backends == 2U);
}

BOOST_AUTO_TEST_CASE(a_view_of_an_earlier_run_is_what_the_first_report_is_measured_by) {
  start(settings_with({"p"}), keeper);
  report("p", report_of(twenty()));
  answer();
  restart({"p"});
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->holds.count == 1U);
  BOOST_TEST(status()->backends == 20U);
}

BOOST_AUTO_TEST_CASE(without_what_was_kept_the_first_report_is_believed) {
  start(settings_with({"p"}));
  report("p", report_of(twenty()));
  answer();
  restart({"p"});
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->holds.count == 0U);
  BOOST_TEST(status()->backends == 1U);
}

BOOST_AUTO_TEST_CASE(decisions_outlive_a_restart) {
  start(settings_with({"p"}), keeper);
  report("p", report_of(twenty()));
  answer();
  report("p", report_of({"b0"}));
  ask<decision_ptr>(reject_atom::value, std::uint64_t{1});
  restart({"p"});
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->holds.count == 1U);
  BOOST_TEST(status()->holds.holds.front().rejected);
  BOOST_TEST(status()->backends == 20U);
  ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  BOOST_TEST(status()->backends == 1U);
  restart({"p"});
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->holds.count == 0U);
  BOOST_TEST(status()->backends == 1U);
}

BOOST_AUTO_TEST_CASE(a_decision_is_answered_when_its_record_is_on_disk) {
  tests::write_text(folder / "state", "a file where the folder should be");
  start(settings_with({"p"}), keeper);
  report("p", report_of(twenty()));
  answer();
  report("p", report_of({"b0"}));
  acknowledgements();
  const auto decided = ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  auto applied = self->request(manager, caf::infinite, await_atom::value, decided->ticket);
  answer();
  BOOST_TEST(status()->backends == 1U);  // HAProxy has it, and the disk does not
  BOOST_TEST(!self->has_next_message());
  std::filesystem::remove(folder / "state");
  keeper->take("p", nullptr, {}, std::chrono::system_clock::now(), true);
  BOOST_TEST(tests::eventually([&] {
    run();
    return self->has_next_message();
  }));
  applied.receive([&](std::uint64_t revision) { BOOST_TEST(revision == status()->revision); },
                  [](const caf::error&) { BOOST_FAIL("no answer"); });
}

BOOST_AUTO_TEST_CASE(numbers_of_holds_outlive_a_provider_that_left_and_came_back) {
  start(settings_with({"p"}), keeper);
  report("p", report_of(twenty()));
  answer();
  report("p", report_of({"b0"}));
  ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  self->send(manager, configure_atom::value, settings_with({"q"}));
  self->send(manager, configure_atom::value, settings_with({"p"}));
  run();
  report("p", report_of(twenty()), 2);
  restart({"p"});
  report("p", report_of({"b0"}));
  BOOST_REQUIRE_EQUAL(status()->holds.count, 1U);
  BOOST_TEST(status()->holds.holds.front().id == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
