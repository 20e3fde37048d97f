#include "api/event_stream.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/support.hpp"

namespace switchyard::api {

namespace {

using tests::contains;

constexpr std::chrono::milliseconds no_wait{0};
constexpr event_stream::clock::time_point start{};

struct bed {
  std::shared_ptr<event_log> log = std::make_shared<event_log>(3);

  void add(const std::string& text, const std::string& backend = "shop",
           const std::string& kind = "server") const {
    event e;
    e.kind = kind;
    e.level = "info";
    e.text = text;
    e.backend = backend;
    log->append(e);
  }
  event_stream stream(event_wish wish = {}) const { return {log, "r1", std::move(wish), start}; }
};

event_wish from(const std::string& id) {
  event_wish wish;
  wish.after = id;
  return wish;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(the_event_stream, bed)

BOOST_AUTO_TEST_CASE(begins_with_what_comes_next) {
  add("before");
  auto s = stream();
  BOOST_TEST(s.next(no_wait, start) == "retry: 1000\n\n");
  add("after");
  const auto text = s.next(no_wait, start);
  BOOST_TEST(text.starts_with("id: r1-2\nevent: server\ndata: {\"id\":\"r1-2\","), text);
  BOOST_TEST(text.ends_with("\n\n"));
  BOOST_TEST(contains(text, "\"text\":\"after\""));
  BOOST_TEST(s.next(no_wait, start) == "");
}

BOOST_AUTO_TEST_CASE(goes_on_where_a_client_was) {
  for (const auto* text : {"a", "b", "c"}) add(text);
  const auto text = stream(from("r1-1")).next(no_wait, start);
  BOOST_TEST(!contains(text, "reset"));
  BOOST_TEST(!contains(text, "r1-1"));
  BOOST_TEST(text.find("r1-2") < text.find("r1-3"));
}

BOOST_AUTO_TEST_CASE(tells_when_something_in_between_is_not_held_any_more) {
  for (const auto* text : {"a", "b", "c", "d", "e"}) add(text);
  const auto text = stream(from("r1-1")).next(no_wait, start);
  BOOST_TEST(text.find("event: reset") < text.find("id: r1-3"));
}

BOOST_AUTO_TEST_CASE(takes_no_id_of_another_run_for_its_own) {
  add("a");
  for (const auto* id : {"r0-1", "r1-9", "r1-", "r1-x", "nonsense", "r1-1x"})
    BOOST_TEST(contains(stream(from(id)).next(no_wait, start), "event: reset"), id);
  BOOST_TEST(!contains(stream(from("r1-1")).next(no_wait, start), "event: reset"));
}

BOOST_AUTO_TEST_CASE(tells_a_client_of_an_earlier_run_at_once_where_nothing_has_happened_yet) {
  BOOST_TEST(contains(stream(from("r0-5")).next(no_wait, start), "event: reset"));
}

BOOST_AUTO_TEST_CASE(gives_the_last_ones_first_when_asked_to) {
  for (const auto* text : {"a", "b", "c", "d"}) add(text);
  event_wish wish;
  wish.last = 2;
  const auto two = stream(wish).next(no_wait, start);
  BOOST_TEST(!contains(two, "r1-2"));
  BOOST_TEST(contains(two, "id: r1-3"));
  wish.last = 100;
  const auto all = stream(wish).next(no_wait, start);
  BOOST_TEST(contains(all, "id: r1-2"));
  BOOST_TEST(!contains(all, "reset"));
}

BOOST_AUTO_TEST_CASE(counts_only_what_is_wanted_among_the_last_ones) {
  log = std::make_shared<event_log>(400);
  for (int i = 0; i < 300; ++i) add(std::to_string(i), i % 100 == 0 ? "shop" : "other");
  event_wish wish;
  wish.backend = "shop";
  wish.last = 2;
  auto s = stream(wish);
  std::string text;
  for (int piece = 0; piece < 3; ++piece) text += s.next(no_wait, start);
  BOOST_TEST(!contains(text, "id: r1-1\n"));
  BOOST_TEST(text.find("id: r1-101\n") < text.find("id: r1-201\n"));
  BOOST_TEST(contains(text, "id: r1-201\n"));
  wish.backend = "nobody";
  auto none = stream(wish);
  none.next(no_wait, start);
  BOOST_TEST(none.next(no_wait, start) == "");
}

BOOST_AUTO_TEST_CASE(shows_only_what_is_wanted) {
  event_wish wish;
  wish.backend = "shop";
  wish.kind = "server";
  auto s = stream(wish);
  s.next(no_wait, start);
  add("a", "other");
  add("b", "shop", "reload");
  BOOST_TEST(s.next(no_wait, start) == "");
  add("c");
  BOOST_TEST(contains(s.next(no_wait, start), "\"text\":\"c\""));
}

BOOST_AUTO_TEST_CASE(shows_signs_of_life_with_the_place_to_go_on_from) {
  event_wish wish;
  wish.backend = "shop";
  auto s = stream(wish);
  s.next(no_wait, start);
  add("a", "other");
  BOOST_TEST(s.next(no_wait, start + std::chrono::seconds(14)) == "");
  BOOST_TEST(s.next(no_wait, start + std::chrono::seconds(15)) == "id: r1-1\n: still here\n\n");
  BOOST_TEST(s.next(no_wait, start + std::chrono::seconds(16)) == "");
  BOOST_TEST(s.next(no_wait, start + std::chrono::seconds(30)) != "");
}

BOOST_AUTO_TEST_CASE(writes_an_event_as_json_without_what_says_nothing) {
  event e;
  e.id = 7;
  e.time = std::chrono::system_clock::time_point(std::chrono::microseconds(1'500'000));
  e.kind = "server";
  e.level = "info";
  e.revision = 3;
  e.provider = "db";
  e.backend = "shop";
  e.text = "shop/s1 \"added\"\n";
  e.took = std::chrono::microseconds(250);
  const auto json = nlohmann::json::parse(to_json(e, "r1"));
  const auto expected = nlohmann::json::parse(R"({"id":"r1-7","time":"1970-01-01T00:00:01.500000Z",
    "kind":"server","level":"info","revision":3,"provider":"db","backend":"shop",
    "text":"shop/s1 \"added\"\n","took_seconds":0.00025})");
  BOOST_TEST(json == expected);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
