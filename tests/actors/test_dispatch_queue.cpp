#include <boost/test/unit_test.hpp>

#include "actors/dispatch_queue.hpp"

namespace switchyard::actors {

namespace {

model::desired_state state_with(const std::vector<std::string>& names) {
  model::desired_state state({"p"});
  model::report report;
  report.full = true;
  for (const auto& name : names) {
    auto b = std::make_shared<model::backend>();
    b->name = name;
    report.backends[name].value = b;
  }
  state.fold("p", report);
  return state;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dispatch_queue_behaviour)

BOOST_AUTO_TEST_CASE(an_idle_queue_gives_nothing) {
  dispatch_queue q;
  BOOST_TEST(!q.waiting());
  BOOST_TEST(!q.next(state_with({})).has_value());
}

BOOST_AUTO_TEST_CASE(what_comes_while_the_writer_is_busy_is_one_request) {
  dispatch_queue q;
  const auto state = state_with({"a", "b"});
  q.changed({"a"});
  q.changed({"a", "b"});
  q.changed({"b"});
  const auto r = q.next(state);
  BOOST_REQUIRE(r.has_value());
  BOOST_TEST(r->changes.size() == 2U);
  BOOST_TEST(!r->more);
  BOOST_TEST(!r->full);
  q.done();
  BOOST_TEST(!q.waiting());
}

BOOST_AUTO_TEST_CASE(the_latest_version_is_sent_when_its_turn_comes) {
  dispatch_queue q;
  q.changed({"a"});
  const auto later = state_with({});
  const auto r = q.next(later);
  BOOST_REQUIRE(r.has_value());
  BOOST_TEST(r->changes.at(0).name == "a");
  BOOST_TEST((r->changes.at(0).value == nullptr));
}

BOOST_AUTO_TEST_CASE(a_burst_is_cut_and_only_its_last_part_may_reload) {
  dispatch_queue q(2);
  const auto state = state_with({"a", "b", "c", "d", "e"});
  q.changed({"a", "b", "c", "d", "e"});
  std::vector<bool> more;
  while (auto r = q.next(state)) {
    BOOST_TEST(r->changes.size() <= 2U);
    more.push_back(r->more);
    q.done();
  }
  const std::vector<bool> wanted{true, true, false};
  BOOST_TEST(more == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(endless_changes_do_not_put_a_reload_off_for_ever) {
  dispatch_queue q(1);
  const auto state = state_with({"a", "b"});
  q.changed({"a", "b"});
  int until_reload = 0;
  for (int i = 0; i < 10; ++i) {
    const auto r = q.next(state);
    BOOST_REQUIRE(r.has_value());
    ++until_reload;
    if (!r->more) break;
    q.changed({r->changes.at(0).name});
    q.done();
  }
  BOOST_TEST(until_reload == 2);
}

BOOST_AUTO_TEST_CASE(a_ticket_is_fulfilled_when_all_that_waited_is_applied) {
  dispatch_queue q(1);
  const auto state = state_with({"a", "b"});
  q.changed({"a", "b"});
  const auto t = q.issue();
  q.next(state);
  q.done();
  BOOST_TEST(q.fulfilled().empty());
  q.next(state);
  BOOST_TEST(q.fulfilled().empty());
  q.done();
  const std::vector<dispatch_queue::ticket> wanted{t};
  BOOST_TEST(q.fulfilled() == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_report_that_changed_nothing_is_fulfilled_at_once) {
  dispatch_queue q;
  q.issue();
  BOOST_TEST(q.fulfilled().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_lost_request_is_followed_by_everything_and_then_acknowledged) {
  dispatch_queue q;
  const auto state = state_with({"a", "b", "c"});
  q.changed({"a"});
  q.issue();
  q.next(state);
  q.failed();
  BOOST_TEST(q.fulfilled().empty());
  const auto r = q.next(state);
  BOOST_REQUIRE(r.has_value());
  BOOST_TEST(r->full);
  BOOST_TEST(r->changes.size() == 3U);
  BOOST_TEST(r->complete);
  q.done();
  BOOST_TEST(q.fulfilled().size() == 1U);
  BOOST_TEST(!q.waiting());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
