#include <boost/test/unit_test.hpp>

#include "actors/timer.hpp"
#include "tests/actors/coordinated.hpp"
#include "tests/actors/scripted_manager.hpp"

namespace switchyard::actors {

namespace {

using std::chrono::milliseconds;

settings_ptr every(milliseconds interval) {
  auto s = std::make_shared<config::settings>();
  s->reconcile.interval = interval;
  return s;
}

struct ticking : tests::coordinated {
  int reconciles = 0;
  manager_actor manager =
      system.spawn(scripted_manager, manager_script{.reconcile = [this] { ++reconciles; }});
  timer_actor timer = spawn_timer(system, every(milliseconds(5000)));

  ~ticking() {
    self->send_exit(timer, caf::exit_reason::kill);
    self->send_exit(manager, caf::exit_reason::kill);
    run();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(timer_protocol, ticking)

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

BOOST_AUTO_TEST_CASE(settings_that_come_often_do_not_put_it_off) {
  self->send(timer, use_atom::value, manager);
  run();
  for (int i = 0; i < 10; ++i) {
    pass(milliseconds(1000));
    self->send(timer, configure_atom::value, every(milliseconds(5000)));
    run();
  }
  BOOST_TEST(reconciles == 2);
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
