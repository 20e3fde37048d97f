#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/resolver.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/support.hpp"

namespace {

using namespace switchyard::tests;
using namespace std::chrono_literals;
using switchyard::base::errc;
using switchyard::base::outcome;
using switchyard::base::resolver;
using addresses = std::vector<std::string>;

/// A resolver that asks a server of the test, and the last answer for each name.
struct followed_names {
  explicit followed_names(std::chrono::milliseconds interval = 50ms,
                          resolver::family family = resolver::family::any, bool tcp = false)
      : names({interval, 100ms, 1, family, server.address(), tcp},
              [this](const std::string& name, const outcome<resolver::answer>& found) {
                const std::lock_guard lock(mutex);
                last.insert_or_assign(name, found);
                ++told;
              }) {}

  bool wait_for(const std::string& name, const addresses& wanted) {
    return eventually([&] {
      const std::lock_guard lock(mutex);
      const auto at = last.find(name);
      return at != last.end() && at->second && at->second.value().addresses == wanted;
    });
  }
  bool wait_error(const std::string& name, errc wanted) {
    return eventually([&] {
      const std::lock_guard lock(mutex);
      const auto at = last.find(name);
      return at != last.end() && !at->second && at->second.error().kind == wanted;
    });
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return told;
  }

  dns_server server;
  std::mutex mutex;
  std::map<std::string, outcome<resolver::answer>> last;
  std::size_t told = 0;
  resolver names;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(resolver_behaviour)

BOOST_AUTO_TEST_CASE(follows_a_name_whose_address_changes) {
  followed_names f;
  f.server.set("app.test", {"10.0.0.1"});
  f.names.watch({"app.test"});
  BOOST_TEST(f.wait_for("app.test", {"10.0.0.1"}));
  f.server.set("app.test", {"10.0.0.2"});
  BOOST_TEST(f.wait_for("app.test", {"10.0.0.2"}));
}

BOOST_AUTO_TEST_CASE(asks_every_name_server_however_many_there_are) {
  std::vector<std::unique_ptr<dns_server>> servers;
  std::string list;
  for (int i = 0; i < 20; ++i) {
    servers.push_back(std::make_unique<dns_server>());
    servers.back()->be_silent(true);
    list += (list.empty() ? "" : ",") + servers.back()->address();
  }
  servers.back()->be_silent(false);
  servers.back()->set("app.test", {"10.0.0.1"});
  for (const bool tcp : {false, true}) {
    const auto found = switchyard::base::resolve_once(
        {"app.test"}, {1h, 250ms, 1, resolver::family::ipv4, list, tcp}, nullptr,
        switchyard::base::deadline(20s));
    BOOST_REQUIRE(found);
    const auto& app = found->at("app.test");
    BOOST_REQUIRE_MESSAGE(app, (app ? "" : app.error().message));
    BOOST_TEST((app.value().addresses == addresses{"10.0.0.1"}));
  }
}

BOOST_AUTO_TEST_CASE(asks_once_for_all_names_and_waits_for_none_that_is_silent_past_the_deadline) {
  dns_server server;
  server.set("a.test", {"10.0.0.1"});
  const auto ask = [&](const std::set<std::string>& names, const switchyard::base::wakeup* stop,
                       std::chrono::milliseconds longest) {
    return switchyard::base::resolve_once(names,
                                          {1h, 10s, 1, resolver::family::any, server.address()},
                                          stop, switchyard::base::deadline(longest));
  };
  const auto found = ask({"a.test", "b.test"}, nullptr, 10s);
  BOOST_REQUIRE(found);
  BOOST_TEST((found->at("a.test").value().addresses == addresses{"10.0.0.1"}));
  BOOST_TEST((found->at("b.test").error().kind == errc::not_found));
  BOOST_TEST(ask({}, nullptr, 10s)->empty());
  server.be_silent(true);
  const auto silent = ask({"a.test"}, nullptr, 50ms);
  BOOST_REQUIRE(silent);
  BOOST_TEST((silent->at("a.test").error().kind == errc::timeout));
  switchyard::base::wakeup stop;
  stop.notify();
  const auto stopped = ask({"a.test"}, &stop, 1h);
  BOOST_TEST((!stopped && stopped.error().kind == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(gives_all_addresses_of_the_wanted_family) {
  followed_names f(50ms, resolver::family::ipv4);
  f.server.set("app.test", {"10.0.0.1", "10.0.0.2", "2001:db8::1"});
  f.names.watch({"app.test"});
  BOOST_TEST(eventually([&] {
    const std::lock_guard lock(f.mutex);
    const auto at = f.last.find("app.test");
    return at != f.last.end() && at->second && at->second.value().addresses.size() == 2;
  }));
  followed_names six(50ms, resolver::family::ipv6);
  six.server.set("app.test", {"10.0.0.1", "2001:DB8:0::1"});
  six.names.watch({"app.test"});
  BOOST_TEST(six.wait_for("app.test", {"2001:db8::1"}));
}

BOOST_AUTO_TEST_CASE(tells_names_that_do_not_exist_from_servers_that_do_not_answer) {
  followed_names f;
  f.names.watch({"gone.test"});
  BOOST_TEST(f.wait_error("gone.test", errc::not_found));
  f.server.set("empty.test", {});
  f.names.watch({"empty.test"});
  BOOST_TEST(f.wait_error("empty.test", errc::not_found));
  f.server.be_silent(true);
  f.names.watch({"silent.test"});
  BOOST_TEST(f.wait_error("silent.test", errc::timeout));
}

BOOST_AUTO_TEST_CASE(a_name_that_appears_is_found) {
  followed_names f;
  f.names.watch({"late.test"});
  BOOST_REQUIRE(f.wait_error("late.test", errc::not_found));
  f.server.set("late.test", {"10.0.0.7"});
  BOOST_TEST(f.wait_for("late.test", {"10.0.0.7"}));
}

// HAProxy would send to the address that the client asked for.
BOOST_AUTO_TEST_CASE(the_unspecified_address_is_none) {
  followed_names f;
  f.server.set("zero.test", {"0.0.0.0", "::"});
  f.names.watch({"zero.test"});
  BOOST_TEST(f.wait_error("zero.test", errc::not_found));
  f.server.set("zero.test", {"0.0.0.0", "10.0.0.1"});
  BOOST_TEST(f.wait_for("zero.test", {"10.0.0.1"}));
}

BOOST_AUTO_TEST_CASE(one_name_without_an_answer_does_not_hold_up_another) {
  followed_names f(10s);
  f.server.be_silent(true);
  f.names.watch({"slow.test"});
  BOOST_REQUIRE(eventually([&] { return f.server.asked("slow.test") > 0; }));
  f.server.be_silent(false);
  f.server.set("quick.test", {"10.0.0.1"});
  f.names.watch({"slow.test", "quick.test"});
  BOOST_TEST(f.wait_for("quick.test", {"10.0.0.1"}));
}

BOOST_AUTO_TEST_CASE(a_name_without_an_answer_does_not_keep_the_channel_from_being_renewed) {
  dns_server server;
  server.be_silent(true);
  resolver names({20ms, 1min, 1, resolver::family::ipv4, server.address(), false, 100ms},
                 [](const auto&, const auto&) {});
  names.watch({"slow.test"});
  BOOST_REQUIRE(eventually([&] { return server.asked("slow.test") > 0; }));
  server.be_silent(false);
  server.set("quick.test", {"10.0.0.1"});
  names.watch({"slow.test", "quick.test"});
  BOOST_TEST(eventually([&] { return server.asked("quick.test") >= 20; }));
}

BOOST_AUTO_TEST_CASE(an_answer_that_lives_shorter_than_the_interval_is_asked_for_again) {
  followed_names f(1h);
  f.server.set("short.test", {"10.0.0.1"}, 1);
  f.names.watch({"short.test"});
  BOOST_REQUIRE(f.wait_for("short.test", {"10.0.0.1"}));
  f.server.set("short.test", {"10.0.0.2"}, 3600);
  BOOST_TEST(f.wait_for("short.test", {"10.0.0.2"}));
  const std::lock_guard lock(f.mutex);
  BOOST_TEST((f.last.at("short.test").value().ttl == 3600s));
}

BOOST_AUTO_TEST_CASE(names_that_nobody_wants_are_not_asked_for) {
  followed_names f;
  f.server.set("a.test", {"10.0.0.1"});
  f.server.set("b.test", {"10.0.0.2"});
  f.names.watch({"a.test"});
  BOOST_REQUIRE(f.wait_for("a.test", {"10.0.0.1"}));
  f.names.watch({"b.test"});
  BOOST_REQUIRE(f.wait_for("b.test", {"10.0.0.2"}));
  const auto before = f.server.asked("a.test");
  const auto others = f.server.asked("b.test");
  BOOST_REQUIRE(eventually([&] { return f.server.asked("b.test") >= others + 4; }));
  BOOST_TEST(f.server.asked("a.test") == before);
}

BOOST_AUTO_TEST_CASE(very_many_names_are_all_followed) {
  followed_names f(1h);
  std::set<std::string> many;
  for (int i = 0; i < 500; ++i) {
    many.insert("n" + std::to_string(i) + ".test");
    f.server.set("n" + std::to_string(i) + ".test", {"10.0.0.1"});
  }
  f.names.watch(many);
  BOOST_TEST(eventually([&] {
    const std::lock_guard lock(f.mutex);
    return f.last.size() == 500 &&
           std::all_of(f.last.begin(), f.last.end(), [](const auto& n) { return bool(n.second); });
  }));
}

BOOST_AUTO_TEST_CASE(ends_at_once_in_the_middle_of_a_question) {
  const auto begun = std::chrono::steady_clock::now();
  {
    followed_names f;
    f.server.be_silent(true);
    f.names.watch({"silent.test"});
    BOOST_REQUIRE(eventually([&] { return f.server.asked("silent.test") > 0; }));
  }
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 5s));
}

BOOST_AUTO_TEST_CASE(a_name_that_goes_and_comes_again_at_once_is_looked_up_again) {
  followed_names f(1h);
  f.server.set("app.test", {"10.0.0.1"});
  f.names.watch({"app.test"});
  BOOST_REQUIRE(f.wait_for("app.test", {"10.0.0.1"}));
  const auto before = f.count();
  f.names.watch({});
  f.names.watch({"app.test"});
  BOOST_TEST(eventually([&] { return f.count() > before; }));
}

const addresses five{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"};

bool knows_all(followed_names& f, const std::string& name) {
  return eventually([&] {
    const std::lock_guard lock(f.mutex);
    const auto at = f.last.find(name);
    return at != f.last.end() && at->second && at->second.value().addresses.size() == five.size();
  });
}

BOOST_AUTO_TEST_CASE(an_answer_that_says_it_was_cut_is_asked_for_over_tcp) {
  followed_names f;
  f.server.set("many.test", five);
  f.server.cut_over_udp(3, true);
  f.names.watch({"many.test"});
  BOOST_TEST(knows_all(f, "many.test"));
  BOOST_TEST(f.server.asked_over_tcp() > 0U);
}

BOOST_AUTO_TEST_CASE(answers_that_do_not_say_so_need_tcp_from_the_start) {
  followed_names cut;
  cut.server.set("many.test", five);
  cut.server.cut_over_udp(3, false);
  cut.names.watch({"many.test"});
  BOOST_TEST(cut.wait_for("many.test", {"10.0.0.1", "10.0.0.2", "10.0.0.3"}));
  followed_names whole(50ms, resolver::family::any, true);
  whole.server.set("many.test", five);
  whole.server.cut_over_udp(3, false);
  whole.names.watch({"many.test"});
  BOOST_TEST(knows_all(whole, "many.test"));
}

BOOST_AUTO_TEST_CASE(localhost_needs_no_server) {
  followed_names f(50ms, resolver::family::ipv4);
  f.names.watch({"localhost"});
  BOOST_TEST(f.wait_for("localhost", {"127.0.0.1"}));
}

BOOST_AUTO_TEST_SUITE_END()
