#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/actors/manager_fixture.hpp"

namespace switchyard::actors {

namespace {

constexpr int stormy = 3000;

/// Changes thousands of backends without end, as one provider does it: the next report as soon as
/// the one before is acknowledged.
struct storm : manager_fixture {
  std::vector<std::string> names;
  int rounds = 0;

  storm() {
    for (int i = 0; i < stormy; ++i) names.push_back("storm" + std::to_string(i));
    start({"storm", "quiet"});
    report("quiet", report_of({"single"}));
    answer();
    blow(true);
    answer();  // everything, since both have reported now
    blow();
    acknowledgements();
  }
  void blow(bool full = false) {
    report("storm", report_of(names, full, "10.1.0." + std::to_string(++rounds % 250)));
  }
  bool last_has(const std::string& name) const {
    return std::ranges::any_of(record.requests.back()->changes,
                               [&](const auto& c) { return c.name == name; });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fair_managers, storm)

BOOST_AUTO_TEST_CASE(a_single_change_is_in_the_next_apply_and_acknowledged_with_it) {
  for (int round = 0; round < 5; ++round) {
    BOOST_REQUIRE(!record.owed.empty());  // one apply of the storm is in flight
    report("quiet", report_of({"single"}, false, "10.2.0." + std::to_string(round)));
    const auto before = record.requests.size();
    answer();
    BOOST_REQUIRE_EQUAL(record.requests.size(), before + 1);
    BOOST_TEST(last_has("single"));
    BOOST_TEST(!record.requests.back()->more);
    acknowledgements();
    answer();
    BOOST_TEST(acknowledgements() == 1);
    blow();
  }
}

BOOST_AUTO_TEST_CASE(a_reconcile_is_not_kept_waiting_by_a_storm_of_several) {
  self->send(manager, reconcile_atom::value);
  int applies = 0;
  for (; record.reconciles == 0 && applies < 100; ++applies) {
    answer();
    blow();
    report("quiet", report_of({"single"}, false, "10.2.0." + std::to_string(applies)));
  }
  BOOST_TEST(record.reconciles == 1);
  BOOST_TEST(applies < 20);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
