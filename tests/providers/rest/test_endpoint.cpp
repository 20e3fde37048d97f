#include "providers/rest/endpoint.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "providers/json_view.hpp"
#include "tests/support/support.hpp"

namespace switchyard::providers::rest {

namespace {

using namespace std::chrono_literals;
using tests::contains;
using verdict = endpoint::verdict;

constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
constexpr auto body = R"({"backends": []})";

/// An endpoint and a clock that stands still unless it is told.
struct asked {
  config::rest_settings settings;
  identity who{.fields = {"X-Key: k"}, .bearer = "t", .user = "", .password = "", .secrets = {}};
  endpoint::clock::time_point now = endpoint::clock::time_point{} + 1h;
  std::optional<endpoint> of;

  endpoint& make(const std::string& url = "https://h/v1") {
    settings.interval = 10s;
    auto where = parse_url(url);
    BOOST_REQUIRE(where);
    return of.emplace(settings, *std::move(where));
  }
  request next() { return of->next(who, now); }
  verdict take(answer got) { return of->take(std::move(got), now, most); }
  void accept() { of->accept(json_view(body).value(), now, most); }
  /// Asks, gets this, and takes it for good.
  void read(answer got) {
    next();
    got.status = 200;
    got.body = body;
    if (take(std::move(got)) == verdict::read) accept();
  }
  auto due_in() const { return of->due() - now; }
  static bool has(const request& what, const std::string& field) {
    return std::ranges::find(what.fields, field) != what.fields.end();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(rest_endpoint, asked)

BOOST_AUTO_TEST_CASE(conditions_are_those_of_the_last_good_answer) {
  make();
  auto first = next();
  BOOST_TEST(first.fields.empty());
  BOOST_TEST(first.who.bearer == "t");
  BOOST_TEST((take({.status = 200, .body = "garbage", .etag = "\"bad\""}) == verdict::read));
  of->reject("answered no document", now, most);
  BOOST_TEST(next().fields.empty(), "what was refused must not come back as unchanged");
  read({.etag = "\"1\"", .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT", .age = 1s});
  auto third = next();
  BOOST_TEST(has(third, "If-None-Match: \"1\""));
  BOOST_TEST(has(third, "If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT"));
  BOOST_TEST((take({.status = 304}) == verdict::settled));
  BOOST_TEST(of->fault() == "");
  BOOST_TEST((due_in() == 11s));
  BOOST_TEST(has(next(), "If-None-Match: \"1\""));
  BOOST_TEST((take({.status = 200, .body = body}) == verdict::settled),
             "the same again is no news");
  BOOST_TEST(next().fields.empty(), "the newest answer has no validators");
}

BOOST_AUTO_TEST_CASE(what_was_changed_within_a_second_is_asked_for_without_conditions) {
  make();
  const std::string day = "Mon, 01 Jan 2024 00:00:00 GMT";
  for (const auto age : {0s, -5s}) {
    read({.etag = "\"1\"", .last_modified = day, .age = age});
    BOOST_TEST(next().fields.empty());
    take({.status = 500});
  }
  read({.etag = "\"1\"", .last_modified = day});
  BOOST_TEST((next().fields == std::vector<std::string>{"If-None-Match: \"1\""}),
             "without a Date nobody knows how old it was");
  take({.status = 304, .last_modified = day, .age = 1h});
  BOOST_TEST((next().fields == std::vector<std::string>{"If-None-Match: \"1\""}),
             "a 304 does not tell how old the answer was that it stands for");
}

BOOST_AUTO_TEST_CASE(once_a_minute_and_after_a_failure_it_is_asked_without_conditions) {
  settings.max_redirects = 1;
  make();
  const answer good{.etag = "\"1\""};
  read(good);
  now += 59s;
  BOOST_TEST(!next().fields.empty());
  take({.status = 304});
  now += 1s;
  BOOST_TEST(next().fields.empty(), "a 304 is not a whole answer");
  take({.status = 302, .redirect = "https://h/v2"});
  BOOST_TEST(next().fields.empty());
  take({.status = 304});
  BOOST_TEST(of->fault() == "");
  read(good);
  BOOST_TEST(!next().fields.empty());
  take({.status = 500});
  BOOST_TEST(next().fields.empty());
}

BOOST_AUTO_TEST_CASE(nothing_but_200_counts) {
  make();
  for (const long status : {100L, 201L, 204L, 206L, 304L, 401L, 404L, 429L, 500L, 503L}) {
    next();
    BOOST_TEST((take({.status = status, .body = body}) == verdict::settled));
    BOOST_TEST(contains(of->fault(), "https://h/v1: answered " + std::to_string(status)));
    BOOST_TEST(!of->view());
  }
}

BOOST_AUTO_TEST_CASE(a_busy_source_is_left_alone_as_long_as_it_asks_and_no_longer_than_an_hour) {
  make();
  next();
  take({.status = 503, .retry_after = 120s});
  BOOST_TEST(of->fault() == "https://h/v1: answered 503 and asks to come back in 2m");
  BOOST_TEST((due_in() == 120s));
  next();
  take({.status = 429, .retry_after = 7 * 24h});
  BOOST_TEST((due_in() == 1h));
  next();
  take({.status = 500, .retry_after = 600s});
  BOOST_TEST((due_in() <= 30s), "Retry-After means something with 429 and 503 only");
}

BOOST_AUTO_TEST_CASE(redirects_are_followed_as_far_as_is_allowed) {
  make();
  next();
  BOOST_TEST((take({.status = 302, .redirect = "https://h/v2?key=geheim"}) == verdict::settled));
  BOOST_TEST(of->fault() ==
             "https://h/v1: answered 302, which leads to https://h/v2?…: give that URL, or set "
             "max_redirects");
  settings.max_redirects = 2;
  make();
  next();
  BOOST_TEST((take({.status = 307, .redirect = "https://h/v2"}) == verdict::again));
  BOOST_TEST((due_in() == 0s));
  auto second = next();
  BOOST_TEST(second.url == "https://h/v2");
  BOOST_TEST(second.who.bearer == "t");
  BOOST_TEST((take({.status = 301, .redirect = "https://elsewhere/v2"}) == verdict::again));
  auto third = next();
  BOOST_TEST(third.url == "https://elsewhere/v2");
  BOOST_TEST(third.who.bearer == "", "who we are is not for others");
  BOOST_TEST(third.who.fields.empty());
  BOOST_TEST((take({.status = 302, .redirect = "https://h/"}) == verdict::settled));
  BOOST_TEST(contains(of->fault(), "more than max_redirects"));
  BOOST_TEST(next().url == "https://h/v1", "it starts over");
  BOOST_TEST((take({.status = 302, .redirect = "http://h/"}) == verdict::settled));
  BOOST_TEST(contains(of->fault(), "out of TLS"));
  next();
  BOOST_TEST((take({.status = 302, .redirect = "file:///etc/passwd"}) == verdict::settled));
  BOOST_TEST(contains(of->fault(), "without a usable Location"));
  next();
  // What libcurl makes of "unix:/run/docker.sock:/containers/json".
  BOOST_TEST((take({.status = 302, .redirect = "unix://run/docker.sock:/containers/json"}) ==
              verdict::settled));
  BOOST_TEST(contains(of->fault(), "without a usable Location"));
}

BOOST_AUTO_TEST_CASE(the_total_deadline_covers_all_redirects) {
  settings.max_redirects = 5;
  settings.request_timeout = 10s;
  settings.timeout = 15s;
  make();
  BOOST_TEST((next().timeout == 10s));
  now += 9s;
  take({.status = 302, .redirect = "https://h/2"});
  BOOST_TEST((next().timeout == 6s));
  now += 7s;
  take({.status = 302, .redirect = "https://h/3"});
  BOOST_TEST((next().timeout == 1ms));
}

BOOST_AUTO_TEST_CASE(what_was_given_up_is_asked_again_from_the_start) {
  settings.max_redirects = 1;
  make();
  next();
  BOOST_TEST((of->due() == endpoint::clock::time_point::max()), "it is on its way");
  take({.status = 302, .redirect = "https://h/v2"});
  next();
  of->give_up(now);
  BOOST_TEST((due_in() == 0s));
  BOOST_TEST(next().url == "https://h/v1");
  take({.status = 500});
  const auto due = of->due();
  of->give_up(now);
  BOOST_TEST((of->due() == due), "what waits for its time goes on waiting");
}

BOOST_AUTO_TEST_CASE(a_users_name_in_the_url_is_for_that_url) {
  settings.max_redirects = 1;
  make("https://me:geheim@h/v1");
  auto first = next();
  BOOST_TEST(first.url == "https://h/v1");
  BOOST_TEST(first.who.user == "me");
  BOOST_TEST(first.who.password == "geheim");
  take({.status = 302, .redirect = "https://h2/"});
  BOOST_TEST(next().who.user == "");
}

BOOST_AUTO_TEST_CASE(a_long_poll_asks_for_what_is_past_the_index) {
  settings.long_poll = config::rest_long_poll::consul;
  settings.wait = 90s;
  settings.request_timeout = 10s;
  make("https://h/v1?passing");
  BOOST_TEST(next().url == "https://h/v1?passing");
  read({.index = "42"});
  BOOST_TEST((due_in() == endpoint::least_pause));
  auto second = next();
  BOOST_TEST(second.url == "https://h/v1?passing&index=42&wait=90s");
  BOOST_TEST((second.timeout > 100s && second.timeout < 110s));
  read({.index = "42"});
  BOOST_TEST((due_in() == endpoint::unchanged_pause));
}

BOOST_AUTO_TEST_CASE(an_index_that_goes_back_or_is_zero_is_not_trusted) {
  settings.long_poll = config::rest_long_poll::consul;
  make();
  read({.index = "42"});
  read({.index = "41"});
  BOOST_TEST(next().url == "https://h/v1", "it reads everything");
  read({.index = "0"});
  BOOST_TEST(contains(next().url, "index=1&"));
}

BOOST_AUTO_TEST_CASE(an_index_that_is_always_zero_is_one_that_does_not_change) {
  settings.long_poll = config::rest_long_poll::consul;
  make();
  read({.index = "0"});
  for (int i = 0; i < 3; ++i) {
    read({.index = "0"});
    BOOST_TEST((due_in() == endpoint::unchanged_pause));
    BOOST_TEST(contains(next().url, "index=1&"));
  }
}

BOOST_AUTO_TEST_CASE(after_a_failure_everything_is_read) {
  settings.long_poll = config::rest_long_poll::consul;
  make();
  read({.index = "42"});
  next();
  of->take(base::error{base::errc::protocol, "cut"}, now, most);
  BOOST_TEST(of->fault() == "https://h/v1: cut");
  BOOST_TEST((due_in() == 1s));
  BOOST_TEST(next().url == "https://h/v1");
}

BOOST_AUTO_TEST_CASE(a_source_without_an_index_is_asked_every_interval_and_that_is_told) {
  settings.long_poll = config::rest_long_poll::consul;
  make();
  for (const std::string index : {"", "many", "-1", "99999999999999999999999"}) {
    read({.index = index});
    BOOST_TEST((due_in() == 11s));
    BOOST_TEST(contains(of->note(), "no X-Consul-Index"));
    BOOST_TEST(next().url == "https://h/v1");
  }
  read({.index = "7"});
  BOOST_TEST(of->note() == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers::rest
