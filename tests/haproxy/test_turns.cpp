#include <boost/test/unit_test.hpp>

#include "haproxy/turns.hpp"

namespace switchyard::haproxy {

namespace {

actual_backend with_servers(std::size_t count) {
  actual_backend b;
  for (std::size_t i = 0; i < count; ++i) b.servers["s" + std::to_string(i)];
  return b;
}

using names = std::set<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(reconcile_turns)

BOOST_AUTO_TEST_CASE(few_servers_are_read_all_at_once) {
  turns t;
  BOOST_TEST(!t.next({}));
  BOOST_TEST(!t.next({{"a", with_servers(turns::most_servers / 2)},
                      {"b", with_servers(turns::most_servers / 2)}}));
}

BOOST_AUTO_TEST_CASE(many_are_read_in_turn_and_none_is_left_out) {
  std::map<std::string, actual_backend> actual;
  for (const auto* name : {"a", "b", "c", "d", "e"})
    actual[name] = with_servers(turns::most_servers / 2);
  turns t;
  BOOST_TEST((t.next(actual) == names{"a", "b"}));
  BOOST_TEST(t.first());
  BOOST_TEST((t.next(actual) == names{"c", "d"}));
  BOOST_TEST(!t.first());
  actual.erase("d");  // where the last turn ended
  BOOST_TEST((t.next(actual) == names{"e"}));
  BOOST_TEST((t.next(actual) == names{"a", "b"}));
  BOOST_TEST(t.first());
}

BOOST_AUTO_TEST_CASE(a_backend_that_is_too_large_by_itself_is_read_alone) {
  turns t;
  const std::map<std::string, actual_backend> actual{
      {"a", with_servers(1)}, {"b", with_servers(turns::most_servers + 1)}, {"c", with_servers(1)}};
  BOOST_TEST((t.next(actual) == names{"a"}));
  BOOST_TEST((t.next(actual) == names{"b"}));
  BOOST_TEST((t.next(actual) == names{"c"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
