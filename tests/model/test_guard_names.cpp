// The guard and servers whose address is a host name.

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "model/guard.hpp"

using namespace switchyard::model;
using namespace std::chrono_literals;

namespace {

std::string number(int i) {
  return (i < 10 ? "0" : "") + std::to_string(i);
}

server at_address(int i) {
  return {"s" + number(i), "10.0.0." + std::to_string(i), 80};
}

server at_name(int i) {
  server s{"n" + number(i), "", 80};
  s.host = "n" + number(i) + ".example";
  return s;
}

/// Twenty servers of backend "web", replaced one after the other.
struct fixture {
  fixture() {
    watch.configure({}, {"web"}, {"p"});
    for (int i = 0; i < 20; ++i) servers.push_back(at_address(i));
    take();
  }

  /// What the source has now, as the manager takes it.
  bool take() {
    sort_servers(servers);
    report r;
    r.backends["web"].value = std::make_shared<const backend>(backend{"web", {}, servers});
    const auto verdict = watch.screen("p", state, r, now, book);
    state.fold("p", verdict.instead ? *verdict.instead : r);
    book.take("web", state.find("web"));
    now += 1s;
    return !verdict.began.empty();
  }
  /// Puts a server with a name in the place of one with an address.
  bool replace(int i) {
    std::erase_if(servers, [&](const auto& s) { return s.name == at_address(i).name; });
    servers.push_back(at_name(i));
    return take();
  }

  desired_state state{{"p"}};
  guard watch;
  name_book book;
  std::vector<server> servers;
  wall_time now{1h};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(guards_of_names, fixture)

BOOST_AUTO_TEST_CASE(servers_whose_names_resolve_take_the_place_of_others) {
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(!replace(i), i);
    book.resolved(at_name(i).host, {{"10.0.1." + std::to_string(i)}}, {});
  }
  BOOST_TEST(state.find("web")->servers.size() == 20U);
}

BOOST_AUTO_TEST_CASE(names_that_have_resolved_do_not_count_as_missing_after_a_hold) {
  for (int i = 20; i < 40; ++i) servers.push_back(at_address(i));
  take();
  now += 1h;
  const auto remove = [&](int first, int last) {
    std::erase_if(servers, [&](const auto& s) {
      return s.name >= at_address(first).name && s.name <= at_address(last).name;
    });
  };
  remove(0, 14);
  BOOST_TEST(!take());
  for (int i = 0; i < 15; ++i) servers.push_back(at_name(i));
  BOOST_TEST(!take());
  remove(15, 26);
  BOOST_REQUIRE(take());
  const auto released = watch.approve(watch.holds().begin()->first, state);
  BOOST_REQUIRE(released.has_value());
  state.fold("p", released->removals);
  for (int i = 0; i < 15; ++i)
    book.resolved(at_name(i).host, {{"10.0.1." + std::to_string(i)}}, {});
  now += 1h;
  remove(27, 36);  // 10 of 28
  BOOST_TEST(!take());
}

BOOST_AUTO_TEST_CASE(servers_whose_names_do_not_resolve_replace_nobody) {
  bool held = false;
  for (int i = 0; i < 20; ++i) held = replace(i) || held;
  BOOST_TEST(held);
  unread none;
  BOOST_TEST(book.addressed(state.find("web"), none)->serving() == 10U);
}

// HAProxy may have it since an earlier run.
BOOST_AUTO_TEST_CASE(the_end_of_a_server_whose_name_was_never_resolved_is_a_loss) {
  servers.clear();
  for (int i = 0; i < 20; ++i) servers.push_back(at_name(i));
  take();
  servers.clear();
  BOOST_TEST(take());
  BOOST_TEST(state.find("web")->servers.size() >= 20U);
}

BOOST_AUTO_TEST_SUITE_END()
