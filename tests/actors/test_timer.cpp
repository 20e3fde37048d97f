#include <boost/test/unit_test.hpp>

#include "actors/timer.hpp"
#include "tests/actors/coordinated.hpp"

namespace switchyard::actors {

namespace {

using std::chrono::milliseconds;

settings_ptr every(milliseconds interval) {
  auto s = std::make_shared<config::settings>();
  s->reconcile.interval = interval;
  return s;
}

manager_actor::behavior_type counting_manager(manager_actor::pointer, int* reconciles) {
  return {
      [](report_atom, const std::string&, std::uint64_t, const report_ptr&) {
        return std::uint64_t{0};
      },
      [](health_atom, const std::string&, const health_ptr&) {},
      [=](reconcile_atom) { ++*reconciles; },
      [](noted_atom, const apply_report_ptr&) {},
      [](use_atom, const writer_actor&) {},
      [](configure_atom, const settings_ptr&) {},
      [](copy_atom) { return desired_copy_ptr(); },
      [](resolved_atom, const name_answer_ptr&) {},
      [](status_atom) { return std::make_shared<const api::status>(); },
      [](list_atom, const std::string&, const std::string&, std::uint64_t) { return page_ptr(); },
      [](find_atom, const std::string&) { return desired_ptr(); },
      [](routes_atom) { return routes_ptr(); },
      [](holds_atom) { return holds_ptr(); },
      [](approve_atom, std::uint64_t) { return decision_ptr(); },
      [](reject_atom, std::uint64_t) { return decision_ptr(); },
      [](kept_atom, std::uint64_t) {},
      [](await_atom, std::uint64_t) { return std::uint64_t{0}; },
      [](repair_atom) { return apply_report_ptr(); },
  };
}

struct fixture : tests::coordinated {
  int reconciles = 0;
  manager_actor manager = system.spawn(counting_manager, &reconciles);
  timer_actor timer = spawn_timer(system, every(milliseconds(5000)));

  ~fixture() {
    self->send_exit(timer, caf::exit_reason::kill);
    self->send_exit(manager, caf::exit_reason::kill);
    run();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(timer_protocol, fixture)

BOOST_AUTO_TEST_CASE(without_a_manager_nothing_ticks) {
  run();
  pass(milliseconds(60'000));
  BOOST_TEST(reconciles == 0);
}

BOOST_AUTO_TEST_CASE(every_interval_asks_for_one_reconcile) {
  self->send(timer, use_atom::value, manager);
  run();
  for (int i = 1; i <= 3; ++i) {
    pass(milliseconds(4999));
    BOOST_TEST(reconciles == i - 1);
    pass(milliseconds(1));
    BOOST_TEST(reconciles == i);
  }
}

BOOST_AUTO_TEST_CASE(a_new_interval_replaces_the_old_one) {
  self->send(timer, use_atom::value, manager);
  self->send(timer, configure_atom::value, every(milliseconds(1000)));
  run();
  for (int i = 0; i < 10; ++i) pass(milliseconds(1000));
  BOOST_TEST(reconciles == 10);
}

BOOST_AUTO_TEST_CASE(a_new_manager_does_not_double_the_ticks) {
  self->send(timer, use_atom::value, manager);
  self->send(timer, use_atom::value, manager);
  run();
  for (int i = 0; i < 4; ++i) pass(milliseconds(5000));
  BOOST_TEST(reconciles == 4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
