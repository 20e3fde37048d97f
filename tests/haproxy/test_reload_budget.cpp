#include <boost/test/unit_test.hpp>

#include "haproxy/reload_budget.hpp"

namespace switchyard::haproxy {

namespace {

using std::chrono::seconds;

const reload_budget::time_point budget_start{seconds(1000)};

config::reload_settings limits() {
  config::reload_settings s;
  s.min_interval = seconds(2);
  s.max_old_workers = 3;
  return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reload_budget_behaviour)

BOOST_AUTO_TEST_CASE(the_first_reload_need_not_wait) {
  const reload_budget budget(limits());
  BOOST_TEST((budget.earliest() <= budget_start));
}

BOOST_AUTO_TEST_CASE(reloads_keep_their_distance) {
  reload_budget budget(limits());
  budget.succeeded(budget_start);
  BOOST_TEST((budget.earliest() == budget_start + seconds(2)));
}

BOOST_AUTO_TEST_CASE(failures_wait_longer_and_longer) {
  reload_budget budget(limits());
  auto now = budget_start;
  auto before = seconds(0);
  for (int i = 0; i < 10; ++i) {
    budget.failed(now, 0xffffffffU);
    const auto wait = std::chrono::duration_cast<seconds>(budget.earliest() - now);
    BOOST_TEST(wait.count() >= before.count());
    BOOST_TEST(wait.count() <= 60);
    before = wait;
    now = budget.earliest();
  }
  BOOST_TEST(before.count() == 60);
}

BOOST_AUTO_TEST_CASE(another_configuration_is_tried_after_the_minimum_interval) {
  reload_budget budget(limits());
  for (int i = 0; i < 10; ++i) budget.failed(budget_start, 0xffffffffU);
  budget.changed();
  BOOST_TEST((budget.earliest() == budget_start + seconds(2)));
}

BOOST_AUTO_TEST_CASE(success_forgets_failures) {
  reload_budget budget(limits());
  budget.failed(budget_start, 0);
  budget.succeeded(budget_start + seconds(5));
  BOOST_TEST(budget.failures() == 0U);
  BOOST_TEST((budget.earliest() == budget_start + seconds(7)));
}

BOOST_AUTO_TEST_CASE(old_workers_are_capped) {
  const reload_budget budget(limits());
  BOOST_TEST(budget.allows(2));
  BOOST_TEST(!budget.allows(3));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
