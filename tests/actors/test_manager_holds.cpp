#include <boost/test/unit_test.hpp>

#include "tests/actors/manager_fixture.hpp"

namespace switchyard::actors {

BOOST_FIXTURE_TEST_SUITE(manager_holds, manager_fixture)

BOOST_AUTO_TEST_CASE(what_leaves_all_at_once_is_held_and_never_reaches_the_writer) {
  start({"p"});
  report("p", report_of(twenty()));
  answer();
  record.requests.clear();
  report("p", report_of({"b0"}));
  BOOST_TEST(record.requests.empty());
  BOOST_TEST(acknowledgements() == 2);
  const auto s = status();
  BOOST_TEST(s->backends == 20U);
  BOOST_TEST(s->holds.count == 1U);
  BOOST_TEST(s->holds.holds.front().what == "provider p would lose 19 of 20 servers");
  BOOST_TEST(s->holds.holds.front().server_count == 19U);
  BOOST_TEST(s->providers.front().held == 19U);
  const auto one = ask<desired_ptr>(find_atom::value, std::string("b1"));
  BOOST_TEST((one->held == std::set<std::string>{"s"}));
  const auto page = ask<page_ptr>(list_atom::value, std::string(), std::string(), std::uint64_t{2});
  BOOST_TEST(page->backends.front().held == 0U);
  BOOST_TEST(page->backends.back().held == 1U);
}

BOOST_AUTO_TEST_CASE(an_approval_is_awaited_until_the_writer_has_it) {
  start({"p"});
  report("p", report_of(twenty()));
  answer();
  report("p", report_of({"b0"}));
  record.requests.clear();
  const auto decided = ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  BOOST_REQUIRE(decided->hold);
  BOOST_TEST(decided->hold->server_count == 19U);
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_TEST(record.requests.back()->changes.size() == 19U);
  acknowledgements();
  auto applied = self->request(manager, caf::infinite, await_atom::value, decided->ticket);
  run();
  BOOST_TEST(!self->has_next_message());
  answer();
  std::uint64_t revision = 0;
  applied.receive([&](std::uint64_t r) { revision = r; },
                  [](const caf::error&) { BOOST_FAIL("no answer"); });
  BOOST_TEST(revision == status()->revision);
  BOOST_TEST(ask<std::uint64_t>(await_atom::value, decided->ticket) == revision);
  BOOST_TEST(status()->holds.count == 0U);
}

BOOST_AUTO_TEST_CASE(a_manager_that_ends_keeps_nobody_waiting_for_its_answers) {
  start({"p"});
  report("p", report_of(twenty()));
  answer();
  report("p", report_of({"b0"}));
  const auto decided = ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  report("p", report_of({"b0", "b1"}));
  acknowledgements();
  const caf::scoped_actor asker{system};
  auto applied = asker->request(manager, caf::infinite, await_atom::value, decided->ticket);
  auto pass = asker->request(manager, caf::infinite, repair_atom::value);
  run();
  BOOST_REQUIRE(!asker->has_next_message());
  self->send_exit(manager, caf::exit_reason::kill);
  run();
  BOOST_REQUIRE(asker->has_next_message());
  const auto down = [](const caf::error& e) { BOOST_TEST((e == caf::sec::request_receiver_down)); };
  applied.receive([](std::uint64_t) { BOOST_ERROR("an answer"); }, down);
  pass.receive([](const apply_report_ptr&) { BOOST_ERROR("an answer"); }, down);
  // Nor is there an error for a report, with which a provider would end.
  BOOST_TEST(!self->has_next_message());
}

BOOST_AUTO_TEST_CASE(a_rejected_hold_is_shown_as_one_and_an_unknown_one_is_none) {
  start({"p"});
  report("p", report_of(twenty()));
  answer();
  report("p", report_of({"b0"}));
  BOOST_TEST(!ask<decision_ptr>(reject_atom::value, std::uint64_t{7})->hold);
  BOOST_TEST(!ask<decision_ptr>(approve_atom::value, std::uint64_t{7})->hold);
  BOOST_TEST(ask<decision_ptr>(reject_atom::value, std::uint64_t{1})->hold->rejected);
  BOOST_TEST(ask<holds_ptr>(holds_atom::value)->holds.front().rejected);
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_decision_is_listed_before_what_was_rejected) {
  start({"p", "q"});
  report("p", report_of(twenty()));
  auto others = twenty();
  for (auto& name : others) name = "other-" + name;
  report("q", report_of(others));
  while (!record.owed.empty()) answer();
  report("p", report_of({"b0"}));
  report("q", report_of({"other-b0"}));
  const auto before = ask<holds_ptr>(holds_atom::value)->holds;
  BOOST_REQUIRE_EQUAL(before.size(), 2U);
  ask<decision_ptr>(reject_atom::value, before.front().id);
  const auto after = ask<holds_ptr>(holds_atom::value)->holds;
  BOOST_TEST(after.front().id == before.back().id);
  BOOST_TEST(after.back().rejected);
}

BOOST_AUTO_TEST_CASE(changes_by_hand_are_not_held) {
  auto settings = std::make_shared<switchyard::config::settings>();
  settings->providers = {{"manual", switchyard::config::memory_settings{}}};
  start(settings);
  report("manual", report_of(twenty()));
  answer();
  report("manual", report_of({}));
  BOOST_TEST(status()->backends == 0U);
  BOOST_TEST(status()->holds.count == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_held_for_hold_timeout_leaves_with_the_next_reconcile) {
  auto settings = std::make_shared<switchyard::config::settings>(*settings_with({"p"}));
  settings->guard.hold_timeout = std::chrono::milliseconds(0);
  start(settings);
  report("p", report_of(twenty()));
  answer();
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->backends == 20U);
  self->send(manager, reconcile_atom::value);
  run();
  BOOST_TEST(status()->backends == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
