#include <boost/test/unit_test.hpp>

#include "haproxy/drain_queue.hpp"

namespace switchyard::haproxy {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const drain_queue::time_point start{seconds(1000)};
const drain_queue::key server{"b", "s"};

}  // namespace

BOOST_AUTO_TEST_SUITE(drain_queue_behaviour)

BOOST_AUTO_TEST_CASE(a_server_is_looked_at_soon_but_not_at_once) {
  drain_queue q(seconds(30));
  q.add(server, start);
  BOOST_TEST(q.due(start).empty());
  BOOST_TEST(q.due(start + milliseconds(20)).at("b").front() == "s");
}

BOOST_AUTO_TEST_CASE(a_server_without_connections_may_be_deleted) {
  drain_queue q(seconds(30));
  q.add(server, start);
  BOOST_TEST(q.may_delete(server, 0, start));
}

BOOST_AUTO_TEST_CASE(connections_are_waited_for_until_the_drain_timeout) {
  drain_queue q(seconds(30));
  q.add(server, start);
  BOOST_TEST(!q.may_delete(server, 1, start + milliseconds(29'999)));
  BOOST_TEST(q.may_delete(server, 1, start + seconds(30)));
}

BOOST_AUTO_TEST_CASE(a_server_that_persistent_clients_come_to_stays_for_the_drain_timeout) {
  drain_queue q(seconds(30));
  q.add(server, start, drain_queue::visitors::persistent);
  q.add(server, start + seconds(1));
  BOOST_TEST(!q.may_delete(server, 0, start + milliseconds(29'999)));
  BOOST_TEST(q.may_delete(server, 0, start + seconds(30)));
}

BOOST_AUTO_TEST_CASE(one_that_nobody_comes_to_any_more_goes_with_its_last_connection) {
  drain_queue q(seconds(30));
  q.add(server, start, drain_queue::visitors::persistent);
  q.unvisited(server);
  BOOST_TEST(!q.may_delete(server, 1, start + seconds(1)));
  BOOST_TEST(q.may_delete(server, 0, start + seconds(1)));
}

BOOST_AUTO_TEST_CASE(adding_twice_does_not_start_the_drain_timeout_anew) {
  drain_queue q(seconds(30));
  q.add(server, start);
  q.add(server, start + seconds(20));
  BOOST_TEST(q.may_delete(server, 1, start + seconds(30)));
}

BOOST_AUTO_TEST_CASE(looks_grow_apart_up_to_a_second) {
  drain_queue q(seconds(30));
  q.add(server, start);
  auto now = start;
  milliseconds wait{0};
  for (int i = 0; i < 12; ++i) {
    q.postpone(server, now);
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
  q.add(server, start);
  q.forget(server);
  BOOST_TEST(!q.next().has_value());
  BOOST_TEST(!q.may_delete(server, 0, start + seconds(60)));
}

BOOST_AUTO_TEST_CASE(servers_are_listed_and_forgotten_by_backend) {
  drain_queue q(seconds(30));
  q.add({"a", "1"}, start);
  q.add({"b", "1"}, start);
  q.add({"b", "2"}, start);
  q.add({"c", "1"}, start);
  BOOST_TEST(q.of("b").size() == 2U);
  q.forget_backend("b");
  BOOST_TEST(q.of("b").empty());
  BOOST_TEST(q.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
