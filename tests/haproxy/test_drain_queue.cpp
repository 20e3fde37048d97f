#include <boost/test/unit_test.hpp>

#include "haproxy/drain_queue.hpp"

namespace switchyard::haproxy {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const drain_queue::time_point drain_start{seconds(1000)};
const drain_queue::key drained{"b", "s"};

}  // namespace

BOOST_AUTO_TEST_SUITE(drain_queue_behaviour)

BOOST_AUTO_TEST_CASE(a_server_is_looked_at_soon_but_not_at_once) {
  drain_queue q(seconds(30));
  q.add(drained, drain_start);
  BOOST_TEST(q.due(drain_start).empty());
  BOOST_TEST(q.due(drain_start + milliseconds(20)).at("b").front() == "s");
}

BOOST_AUTO_TEST_CASE(a_server_without_connections_may_be_deleted) {
  drain_queue q(seconds(30));
  q.add(drained, drain_start);
  BOOST_TEST(q.may_delete(drained, 0, drain_start));
}

BOOST_AUTO_TEST_CASE(connections_are_waited_for_until_the_drain_timeout) {
  drain_queue q(seconds(30));
  q.add(drained, drain_start);
  BOOST_TEST(!q.may_delete(drained, 1, drain_start + milliseconds(29'999)));
  BOOST_TEST(q.may_delete(drained, 1, drain_start + seconds(30)));
}

BOOST_AUTO_TEST_CASE(a_server_that_persistent_clients_come_to_stays_for_the_drain_timeout) {
  drain_queue q(seconds(30));
  q.add(drained, drain_start, drain_queue::visitors::persistent);
  q.add(drained, drain_start + seconds(1));
  BOOST_TEST(!q.may_delete(drained, 0, drain_start + milliseconds(29'999)));
  BOOST_TEST(q.may_delete(drained, 0, drain_start + seconds(30)));
}

BOOST_AUTO_TEST_CASE(one_that_nobody_comes_to_any_more_goes_with_its_last_connection) {
  drain_queue q(seconds(30));
  q.add(drained, drain_start, drain_queue::visitors::persistent);
  q.unvisited(drained);
  BOOST_TEST(!q.may_delete(drained, 1, drain_start + seconds(1)));
  BOOST_TEST(q.may_delete(drained, 0, drain_start + seconds(1)));
}

BOOST_AUTO_TEST_CASE(adding_twice_does_not_start_the_drain_timeout_anew) {
  drain_queue q(seconds(30));
  q.add(drained, drain_start);
  q.add(drained, drain_start + seconds(20));
  BOOST_TEST(q.may_delete(drained, 1, drain_start + seconds(30)));
}

BOOST_AUTO_TEST_CASE(looks_grow_apart_up_to_a_second) {
  drain_queue q(seconds(30));
  q.add(drained, drain_start);
  auto now = drain_start;
  milliseconds wait{0};
  for (int i = 0; i < 12; ++i) {
    q.postpone(drained, now);
    const auto next = *q.next();
    const auto apart = std::chrono::duration_cast<milliseconds>(next - now);
    BOOST_TEST(apart.count() >= wait.count());
    BOOST_TEST(apart.count() <= 1000);
    wait = apart;
    now = next;
  }
  BOOST_TEST(wait.count() == 1000);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_wanted_again_is_forgotten) {
  drain_queue q(seconds(30));
  q.add(drained, drain_start);
  q.forget(drained);
  BOOST_TEST(!q.next().has_value());
  BOOST_TEST(!q.may_delete(drained, 0, drain_start + seconds(60)));
}

BOOST_AUTO_TEST_CASE(servers_are_listed_and_forgotten_by_backend) {
  drain_queue q(seconds(30));
  q.add({"a", "1"}, drain_start);
  q.add({"b", "1"}, drain_start);
  q.add({"b", "2"}, drain_start);
  q.add({"c", "1"}, drain_start);
  BOOST_TEST(q.of("b").size() == 2U);
  q.forget_backend("b");
  BOOST_TEST(q.of("b").empty());
  BOOST_TEST(q.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
