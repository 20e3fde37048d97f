#include "model/known_refusals.hpp"

#include <boost/test/unit_test.hpp>
#include <ctime>
#include <string>

namespace switchyard::model {

namespace {

using key_list = std::vector<std::string>;

report without_refusals(const std::string& backend) {
  report r;
  r.backends[backend].value = std::make_shared<const model::backend>();
  return r;
}

report without_refused_routes() {
  report r;
  r.routes.emplace();
  return r;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(known_refusals_behaviour)

BOOST_AUTO_TEST_CASE(what_changes_settle_is_found_by_what_it_belongs_to) {
  known_refusals known({{"settings", "bad", "a"},
                        {"server", "bad", "a", "s"},
                        {"of another", "bad", "b"},
                        {"route", "bad", "", "", true},
                        {"stray", "bad"}});
  BOOST_TEST(!known.settled_by(without_refusals("c")));
  auto some = without_refusals("a");
  some.backends.at("a").refused_servers = {"s"};
  BOOST_TEST(known.settled_by(some));
  BOOST_TEST(known.settle(some) == key_list{"settings"});
  BOOST_TEST(!known.settled_by(some));
  BOOST_TEST(known.settle(without_refusals("a")) == key_list{"server"});
  BOOST_TEST(known.settle(without_refused_routes()) == key_list{"route"});
  report gone;
  gone.gone_refusals = {"stray", "never refused"};
  BOOST_TEST(known.settle(gone) == key_list{"stray"});
  BOOST_TEST((known == known_refusals({{"of another", "bad", "b"}})));
}

// Names are cut where they are shown: two rows may have one key.
BOOST_AUTO_TEST_CASE(of_two_objects_under_one_key_each_is_settled_by_its_own_change) {
  known_refusals known({{"k", "bad", "a", "s"}, {"k", "bad", "b", "s"}});
  BOOST_TEST(known.settle(without_refusals("a")).empty());
  BOOST_REQUIRE(known.find("k") != nullptr);
  BOOST_TEST(known.find("k")->size() == 1U);
  BOOST_TEST(!known.settled_by(without_refusals("a")));
  BOOST_TEST(known.settle(without_refusals("b")) == key_list{"k"});
  BOOST_TEST(known.find("k") == nullptr);
}

BOOST_AUTO_TEST_CASE(another_refusal_of_a_key_takes_the_place_of_the_one_before) {
  known_refusals known({{"k", "bad", "a"}});
  known.put("k", {{"k", "worse", "b"}});
  BOOST_TEST(!known.settled_by(without_refusals("a")));
  BOOST_TEST(known.settled_by(without_refusals("b")));
  known.put("k", {});
  BOOST_TEST((known == known_refusals()));
}

// Where each change looks at all refusals this takes a minute.
BOOST_AUTO_TEST_CASE(what_changes_cost_does_not_grow_with_what_else_is_refused) {
  constexpr int many = 20'000;
  known_refusals::list refused;
  for (int i = 0; i < many; ++i)
    refused.push_back({"k" + std::to_string(i), "bad", "refused " + std::to_string(i)});
  known_refusals known(refused);
  const auto begin = std::clock();
  const auto change = without_refusals("a");
  for (int i = 0; i < many; ++i) known.settle(change);
  BOOST_TEST((std::clock() - begin) / CLOCKS_PER_SEC < 10);
  BOOST_TEST(known.by_key().size() == std::size_t{many});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::model
