// Which sockets on HAProxy's ports are somebody else's.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <optional>
#include <set>

#include "haproxy/port_watch.hpp"

namespace switchyard::haproxy {

namespace {

listening_socket web(inode socket) {
  return {{"127.0.0.1", 80}, socket};
}

struct watched_ports {
  std::vector<listening_socket> look(const std::vector<inode>& listening) {
    std::vector<listening_socket> all;
    for (const auto i : listening) all.push_back(web(i));
    const auto found = watch.look(all, [this] {
      ++asked;
      return ours;
    });
    known = found.has_value();
    return found.value_or(std::vector<listening_socket>());
  }

  port_watch watch;
  std::optional<std::set<inode>> ours{{1, 77}};
  int asked = 0;
  bool known = false;
};

using sockets = std::vector<listening_socket>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(watch_on_the_ports, watched_ports)

BOOST_AUTO_TEST_CASE(finds_one_that_is_there_two_times) {
  BOOST_TEST(look({1}).empty());
  BOOST_TEST(look({2, 1}).empty());
  BOOST_TEST((look({2, 1}) == sockets{web(2)}));
  BOOST_TEST((look({1, 2}) == sockets{web(2)}));
  BOOST_TEST(look({1}).empty());
  BOOST_TEST(look({2, 1}).empty());
}

BOOST_AUTO_TEST_CASE(finds_none_that_comes_and_goes_or_turns_out_to_be_ours) {
  for (inode i = 2; i < 20; ++i) BOOST_TEST(look({1, i}).empty());
  BOOST_TEST(look({1, 30}).empty());
  ours->insert(30);
  BOOST_TEST(look({1, 30}).empty());
  BOOST_TEST(look({1, 30}).empty());
}

BOOST_AUTO_TEST_CASE(asks_whose_they_are_only_when_there_is_a_new_one) {
  for (int i = 0; i < 3; ++i) look({1});
  BOOST_TEST(asked == 1);
  for (int i = 0; i < 5; ++i) look({1, 2});
  BOOST_TEST(asked == 3);
  watch.forget();
  BOOST_TEST((look({1, 2}) == sockets{web(2)}));
  BOOST_TEST(asked == 4);
}

BOOST_AUTO_TEST_CASE(looks_once_a_minute_and_soon_again_at_a_stranger) {
  const port_watch::time_point start{std::chrono::hours(1)};
  const auto due_after = [&](std::chrono::seconds time) {
    const bool due = watch.due(start + time);
    if (due) watch.looked(start + time);
    return due;
  };
  using std::chrono::seconds;
  BOOST_TEST(due_after(seconds(0)));
  look({1});
  BOOST_TEST(!due_after(seconds(59)));
  BOOST_TEST(due_after(seconds(60)));
  look({1, 2});
  BOOST_TEST(!due_after(seconds(63)));
  BOOST_TEST(due_after(seconds(64)));
  look({1, 2});
  BOOST_TEST(due_after(seconds(68)));
  look({1});
  BOOST_TEST(!due_after(seconds(127)));
  BOOST_TEST(due_after(seconds(128)));
}

BOOST_AUTO_TEST_CASE(takes_the_next_worker_s_sockets_for_ours) {
  look({1});
  watch.forget();
  ours = {{5}};
  BOOST_TEST(look({5}).empty());
  BOOST_TEST(look({5}).empty());
}

BOOST_AUTO_TEST_CASE(says_nothing_when_nobody_knows_whose_they_are) {
  ours.reset();
  for (int i = 0; i < 3; ++i) BOOST_TEST(look({1, 2}).empty());
  BOOST_TEST(!known);
  ours = {{1}};
  BOOST_TEST(look({1, 2}).empty());
  BOOST_TEST((look({1, 2}) == sockets{web(2)}));
}

BOOST_AUTO_TEST_CASE(names_who_has_them_and_where) {
  const auto holder = [](inode) { return std::string("haproxy, process 4711"); };
  BOOST_TEST(shared_ports({}, holder).empty());
  BOOST_TEST(shared_ports({web(2), web(3)}, holder)
                 .starts_with("another program (haproxy, process 4711) listens on 127.0.0.1:80 "
                              "too: "));
  BOOST_TEST(shared_ports({web(2), {{"::", 443}, 4}}, holder)
                 .find("127.0.0.1:80 too, and on 1 other address of HAProxy's: ") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
