// Names, URLs, flags and times: what needs no Redis.

#include <boost/test/unit_test.hpp>

#include "providers/redis/expiry.hpp"
#include "providers/redis/flags.hpp"
#include "providers/redis/hints.hpp"
#include "providers/redis/keys.hpp"
#include "providers/redis/notifications.hpp"
#include "providers/redis/url.hpp"
#include "tests/support/support.hpp"

namespace switchyard::providers::redis {

namespace {

using namespace std::chrono_literals;
using tests::contains;

std::string fault_of_key(std::string_view key) {
  const auto read = parse_key(key);
  return read ? "" : read.error().message;
}

std::string fault_of_url(std::string_view url) {
  const auto read = parse_url(url);
  return read ? "" : read.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_keys)

BOOST_AUTO_TEST_CASE(keys_name_backends_servers_and_routes) {
  BOOST_CHECK((*parse_key("backend:api") == key_name{key_kind::backend, "api", "", "", ""}));
  BOOST_CHECK((*parse_key("server:api:srv1") == key_name{key_kind::server, "api", "srv1", "", ""}));
  BOOST_CHECK((*parse_key("route:a.example.com/v1") ==
               key_name{key_kind::route, "", "", "a.example.com", "/v1"}));
  BOOST_CHECK((*parse_key("route:/v1") == key_name{key_kind::route, "", "", "", "/v1"}));
  BOOST_CHECK((*parse_key("route:a.b") == key_name{key_kind::route, "", "", "a.b", "/"}));
}

BOOST_AUTO_TEST_CASE(a_servers_name_may_have_colons_and_a_backends_may_not) {
  BOOST_CHECK((*parse_key("server:api:10.0.0.1:8080") ==
               key_name{key_kind::server, "api", "10.0.0.1:8080", "", ""}));
  BOOST_TEST(contains(fault_of_key("backend:api:v2"), "the backend \"api\""));
}

BOOST_AUTO_TEST_CASE(keys_that_name_nothing_say_why) {
  BOOST_TEST(contains(fault_of_key("servers:api:srv1"), "backend:, server: or route:"));
  BOOST_TEST(contains(fault_of_key("backend"), "must be 1 to 128"));
  BOOST_TEST(contains(fault_of_key("backend:a b"), "\"a b\""));
  BOOST_TEST(contains(fault_of_key("server:api"), "server:BACKEND:SERVER"));
  BOOST_TEST(contains(fault_of_key("server::srv1"), "the backend's name"));
  BOOST_TEST(contains(fault_of_key("server:api:"), "the server's name"));
  BOOST_TEST(contains(fault_of_key("server:api:" + std::string(129, 'x')), "the server's name"));
  BOOST_TEST(contains(fault_of_key("route:"), "route:/"));
  BOOST_TEST(!fault_of_key("").empty());
}

BOOST_AUTO_TEST_CASE(patterns_match_the_prefix_and_nothing_else) {
  BOOST_TEST(pattern_of_prefix("switchyard:") == "switchyard:*");
  BOOST_TEST(pattern_of_prefix("a*[b]?\\") == "a\\*\\[b\\]\\?\\\\*");
  BOOST_TEST(event_channel(3, "p:") == "__keyspace@3__:p:");
}

BOOST_AUTO_TEST_CASE(odd_keys_are_shown_quoted) {
  BOOST_TEST(shown_key("switchyard:server:a:b") == "switchyard:server:a:b");
  BOOST_TEST(shown_key("a\nb") == "\"a\\nb\"");
}

BOOST_AUTO_TEST_CASE(urls_say_where_and_who) {
  BOOST_CHECK((*parse_url("redis://127.0.0.1:6379/0") == location{{"127.0.0.1"}, "", {}, 0}));
  BOOST_CHECK((*parse_url("redis://h") == location{{"h"}, "", {}, 0}));
  BOOST_CHECK(
      (*parse_url("rediss://[::1]:7000/15") == location{{"::1", 7000, "", true}, "", {}, 15}));
  BOOST_CHECK((*parse_url("redis://me:p%40ss@h:1/2") == location{{"h", 1}, "me", "p@ss", 2}));
  BOOST_CHECK((*parse_url("redis://:a@b@h") == location{{"h"}, "", "a@b", 0}));
  BOOST_CHECK((*parse_url("unix:///run/redis.sock?db=4") ==
               location{{"", 6379, "/run/redis.sock"}, "", {}, 4}));
  BOOST_CHECK((*parse_url("unix://u:p@/s") == location{{"", 6379, "/s"}, "u", "p", 0}));
}

BOOST_AUTO_TEST_CASE(unusable_urls_are_refused_without_repeating_them) {
  for (const auto* url :
       {"", "secret", "http://secret", "redis://secret:0", "redis://secret:99999",
        "redis://h/secret", "redis://h/-1", "redis://h/0/secret", "redis://h:12secret",
        "redis://[::1", "redis://[]:1", "redis://[::1]secret", "redis://u:sec%ret@h",
        "redis://u:sec%00ret@h", "redis://sec ret", "unix://secret", "unix:///",
        "unix:///s?x=secret", "unix:///s?db=secret"}) {
    BOOST_TEST(!fault_of_url(url).empty(), url);
    BOOST_TEST(!contains(fault_of_url(url), "secret"), url);
  }
}

BOOST_AUTO_TEST_CASE(urls_of_a_cluster_are_refused_with_the_sentence_that_a_node_of_one_gets) {
  for (const auto* url :
       {"redis-cluster://secret:1/0", "rediss-cluster://secret", "redis+cluster://secret:7000",
        "redis://secret:1,b:2/0", "rediss://me:secret@a,b,c", "redis://secret:1,redis://b:2",
        "redis://me:secret@a:1/0,redis://me:secret@b:2/0"}) {
    BOOST_TEST(contains(fault_of_url(url), "Redis Cluster"), url);
    BOOST_TEST(contains(fault_of_url(url), cluster_advice), url);
    BOOST_TEST(!contains(fault_of_url(url), "secret"), url);
  }
  BOOST_CHECK((*parse_url("redis://me:p,w@h/1") == location{{"h"}, "me", "p,w", 1}));
  BOOST_TEST(!contains(fault_of_url("http://a,b"), "Cluster"));
}

BOOST_AUTO_TEST_CASE(sentinels_have_a_port_of_their_own_by_default) {
  BOOST_CHECK((*parse_sentinel("10.0.0.1") == endpoint{"10.0.0.1", 26379}));
  BOOST_CHECK((*parse_sentinel("[::1]:5000") == endpoint{"::1", 5000}));
  for (const auto* text : {"", ":26379", "h:0", "h:x", "redis://h", "a b"})
    BOOST_TEST(!parse_sentinel(text), text);
}

BOOST_AUTO_TEST_CASE(flags_are_missing_or_not) {
  BOOST_TEST(missing_flags("") == "Kg$hxe");
  BOOST_TEST(missing_flags("AK").empty());
  BOOST_TEST(missing_flags("AE") == "K");
  BOOST_TEST(missing_flags("xK$g") == "he");
}

BOOST_AUTO_TEST_CASE(many_named_keys_become_everything) {
  hints some;
  for (std::size_t i = 0; i < most_named_keys; ++i) some.add(std::to_string(i));
  some.add("0");
  BOOST_TEST(!some.everything);
  some.add("one more");
  BOOST_TEST(some.everything);
  BOOST_TEST(some.keys.empty());
}

BOOST_AUTO_TEST_CASE(keys_are_due_when_their_time_is_over) {
  expiry times;
  const expiry::clock::time_point start{};
  BOOST_TEST(!times.next().has_value());
  times.set("b", 200ms, start);
  times.set("a", 100ms, start);
  times.set("c", 50ms, start);
  times.set("c", {}, start);  // persists now
  BOOST_CHECK(times.next() == start + 101ms);
  BOOST_TEST(times.take_due(start + 100ms).empty());
  times.set("a", 150ms, start);  // refreshed
  BOOST_CHECK((times.take_due(start + 151ms) == std::set<std::string>{"a"}));
  BOOST_TEST(times.passed("b", start + 201ms));
  BOOST_TEST(!times.passed("a", start + 201ms));
  BOOST_CHECK((times.take_due(start + 10s) == std::set<std::string>{"b"}));
  BOOST_TEST(!times.next().has_value());
}

BOOST_AUTO_TEST_CASE(flags_are_asked_for_added_and_judged) {
  using enum reply::type;
  const auto flags = [](const std::string& value) {
    return reply{list, "", 0, {{text, "notify-keyspace-events"}, {text, value}}};
  };
  notifications on(config::redis_notifications::automatic);
  BOOST_REQUIRE(on.question());
  BOOST_CHECK(
      (on.heard(flags("Ex")) == command{"CONFIG", "SET", "notify-keyspace-events", "ExKg$he"}));
  BOOST_TEST(!on.reliable());
  on.added({text, "OK"});
  BOOST_TEST(on.reliable());
  BOOST_CHECK(on.question());  // somebody may take them away
  BOOST_CHECK(!on.heard(flags("AK")));
  BOOST_TEST(on.reliable());
  on.heard(flags(""));
  on.added({error, "NOPERM this user has no permissions"});
  BOOST_TEST(contains(on.why(), "lacks the flags Kg$hxe and may not be set (NOPERM"));
  BOOST_CHECK(!on.question());
  on.try_again();
  BOOST_CHECK(on.question());
  BOOST_CHECK(!on.heard({error, "NOPERM"}));
  BOOST_TEST(!on.reliable());
  BOOST_TEST(contains(on.why(), "`notifications: assume`"));
  const notifications assumed(config::redis_notifications::assumed);
  BOOST_CHECK(!assumed.question());
  BOOST_TEST(assumed.reliable());
  const notifications off(config::redis_notifications::off);
  BOOST_TEST(!off.wanted());
  BOOST_TEST(!off.reliable());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers::redis
