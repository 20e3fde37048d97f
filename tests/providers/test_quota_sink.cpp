#include "providers/quota_sink.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <vector>

#include "tests/support/support.hpp"

namespace switchyard::providers {

namespace {

using level = model::provider_health::level;

struct recorded : sink {
  std::vector<model::report> reports;
  std::vector<model::provider_health> told;
  int quiet = 0;

  void report(model::report r) override { reports.push_back(std::move(r)); }
  void health(model::provider_health h) override { told.push_back(std::move(h)); }
  void unchanged() override { ++quiet; }
};

model::report full(int backends) {
  model::report r;
  r.full = true;
  for (int i = 0; i < backends; ++i) {
    auto b = std::make_shared<model::backend>();
    b->name = "b" + std::to_string(i);
    r.backends[b->name].value = b;
  }
  return r;
}

struct fixture {
  recorded out;
  std::size_t counted = 0;
  quota_sink quota{10, out, [this](std::size_t n) { counted = n; }};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(quota_sinks, fixture)

BOOST_AUTO_TEST_CASE(a_source_with_too_much_is_degraded_with_the_remedy_and_keeps_what_it_had) {
  quota.health({level::live, ""});
  quota.report(full(10));
  quota.report(full(11));
  BOOST_TEST(out.reports.size() == 1U);
  BOOST_TEST(counted == 11U);
  BOOST_REQUIRE_EQUAL(out.told.size(), 2U);
  BOOST_TEST((out.told.back().value == level::degraded));
  BOOST_TEST(tests::contains(out.told.back().reason, "has 11 backends, servers and routes"));
  BOOST_TEST(tests::contains(out.told.back().reason, "max_objects (10)"));
  BOOST_TEST(tests::contains(out.told.back().reason, "raise max_objects"));

  quota.report(full(12));
  quota.health({level::live, ""});
  BOOST_TEST((out.told.back() == out.told[1]));  // its source can be followed, and is too much
  quota.report(full(9));
  BOOST_TEST(out.reports.size() == 2U);
  BOOST_TEST((out.told.back().value == level::live));
  BOOST_TEST(counted == 9U);
}

BOOST_AUTO_TEST_CASE(how_much_too_much_it_is_is_told_again_when_that_has_changed_by_a_tenth) {
  for (const int backends : {20, 21, 22, 23, 200}) quota.report(full(backends));
  BOOST_REQUIRE_EQUAL(out.told.size(), 3U);
  BOOST_TEST(tests::contains(out.told[0].reason, "has 20 backends"));
  BOOST_TEST(tests::contains(out.told[1].reason, "has 22 backends"));
  BOOST_TEST(tests::contains(out.told[2].reason, "has 200 backends"));
}

BOOST_AUTO_TEST_CASE(what_the_provider_says_of_itself_is_told_as_well) {
  quota.report(full(11));
  quota.health({level::degraded, "the table is gone"});
  BOOST_TEST(tests::contains(out.told.back().reason, "max_objects"));
  BOOST_TEST(tests::contains(out.told.back().reason, "; the table is gone"));
  quota.unchanged();
  BOOST_TEST(out.quiet == 1);
}

BOOST_AUTO_TEST_CASE(a_provider_that_starts_over_is_counted_anew) {
  quota.report(full(11));
  quota.start_over();
  quota.health({level::live, ""});
  BOOST_TEST((out.told.back().value == level::live));
  quota.report(full(3));
  BOOST_TEST(out.reports.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers
