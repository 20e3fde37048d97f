#include "model/object_quota.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <utility>

#include "model/desired_state.hpp"
#include "tests/model/generated.hpp"
#include "tests/model/guard_fixture.hpp"

namespace switchyard::model::quotas {

namespace {

backend_ptr make(const std::string& name, int servers) {
  backend b{name, {}, {}};
  for (int i = 0; i < servers; ++i) {
    server s;
    s.name = "s" + std::to_string(i);
    s.address = "10.0.0.1";
    s.port = 80;
    b.servers.push_back(s);
  }
  sort_servers(b.servers);
  return std::make_shared<const backend>(std::move(b));
}

report snapshot(std::initializer_list<backend_ptr> values) {
  auto r = changes(values);
  r.full = true;
  return r;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(object_quotas)

BOOST_AUTO_TEST_CASE(what_fits_is_taken_as_it_is) {
  object_quota quota(10);
  auto r = snapshot({make("a", 4), make("b", 3)});
  r.routes = std::vector<route>{{"h", "/", "a"}};
  BOOST_TEST((quota.take(r) == r));
  BOOST_TEST(quota.count() == 10U);
  BOOST_TEST(!quota.over());
}

BOOST_AUTO_TEST_CASE(a_snapshot_past_the_quota_is_not_taken_until_the_source_fits) {
  object_quota quota(10);
  quota.take(snapshot({make("a", 4)}));
  BOOST_TEST(!quota.take(snapshot({make("a", 4), make("b", 5)})));
  BOOST_TEST(quota.over());
  BOOST_TEST(quota.count() == 11U);
  const auto fits = snapshot({make("a", 4), make("b", 4)});
  BOOST_TEST((quota.take(fits) == fits));
  BOOST_TEST(!quota.over());
}

BOOST_AUTO_TEST_CASE(without_a_quota_everything_is_taken) {
  object_quota quota(0);
  BOOST_TEST(quota.take(snapshot({make("a", 5000)})).has_value());
  BOOST_TEST(quota.take(changes({make("b", 5000)})).has_value());
  BOOST_TEST(!quota.over());
}

BOOST_AUTO_TEST_CASE(changes_that_need_no_more_room_go_on_meanwhile) {
  object_quota quota(10);
  quota.take(snapshot({make("a", 4), make("c", 2)}));
  BOOST_TEST(!quota.take(changes({make("b", 9)})));
  const auto smaller = changes({make("a", 3)});
  BOOST_TEST((quota.take(smaller) == smaller));
  BOOST_TEST(quota.over());
}

BOOST_AUTO_TEST_CASE(what_was_not_taken_comes_in_as_soon_as_the_source_fits) {
  object_quota quota(10);
  quota.take(snapshot({make("a", 4), make("c", 2)}));
  BOOST_TEST(!quota.take(changes({make("b", 3)})));
  const auto both = quota.take(removal("c"));
  BOOST_REQUIRE(both.has_value());
  BOOST_TEST((*both->backends.at("b").value == *make("b", 3)));
  BOOST_TEST((both->backends.at("c").value == nullptr));
  BOOST_TEST(quota.count() == 9U);
  BOOST_TEST(!quota.over());
}

BOOST_AUTO_TEST_CASE(a_list_that_could_not_be_read_counts_as_what_it_was) {
  object_quota quota(10);
  quota.take(snapshot({make("a", 4)}));
  auto unreadable = changes({make("a", 0)});
  unreadable.backends["a"].servers_refused = true;
  quota.take(unreadable);
  BOOST_TEST(quota.count() == 5U);
}

BOOST_AUTO_TEST_CASE(a_source_that_fits_is_served_whatever_came_before) {
  tests::generator random(7);
  for (int round = 0; round < 200; ++round) {
    object_quota quota(12);
    desired_state all({"p"}), taken({"p"});
    for (int step = 0; step < 30; ++step) {
      report r;
      r.full = random.number(5) == 0;
      for (unsigned i = random.number(4); i > 0; --i) {
        const auto name = "b" + std::to_string(random.number(5));
        const bool gone = !r.full && random.number(3) == 0;
        r.backends[name].value = gone ? nullptr : make(name, static_cast<int>(random.number(6)));
      }
      all.fold("p", r);
      if (const auto now = quota.take(r)) taken.fold("p", *now);
      BOOST_REQUIRE(taken.backends().size() + taken.server_count() <= 12U);
      BOOST_REQUIRE_EQUAL(quota.count(), all.backends().size() + all.server_count());
      if (quota.over()) continue;
      BOOST_REQUIRE_EQUAL(taken.backends().size(), all.backends().size());
      for (const auto& [name, value] : all.backends()) BOOST_REQUIRE((*taken.find(name) == *value));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::model::quotas
