// A source that says what has not changed, rightly and wrongly.

#include <atomic>
#include <boost/test/unit_test.hpp>

#include "tests/providers/rest/fixture.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(rest_conditions)

BOOST_AUTO_TEST_CASE(what_has_not_changed_is_not_sent_again) {
  http_api source([](const http_api::request& asked) {
    if (asked.field("If-None-Match") == "W/\"1\"" &&
        asked.field("If-Modified-Since") == "Mon, 01 Jan 2024 00:00:00 GMT")
      return http_api::reply{
          "HTTP/1.1 304 Not Modified\r\nETag: W/\"1\"\r\n\r\n", {}, false, false};
    return http_api::answer(200, document(server_json("a")),
                            "ETag: W/\"1\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
                            "Date: Mon, 01 Jan 2024 00:00:01 GMT\r\n");
  });
  const followed catalog(settings_for(source.url()));
  BOOST_REQUIRE(catalog.has({"a"}));
  BOOST_REQUIRE(eventually([&] { return source.requests().size() > 4; }));
  BOOST_TEST(source.requests().front().field("If-None-Match") == "");
  BOOST_TEST(source.requests().at(3).field("If-None-Match") == "W/\"1\"");
  BOOST_TEST(catalog.reports() == 1U);
  BOOST_TEST(catalog.live());
}

// As nginx does with a file: both validators are made of its time, in seconds, and its length.
BOOST_AUTO_TEST_CASE(what_is_rewritten_within_one_second_is_read) {
  const std::string second = "Mon, 01 Jan 2024 00:00:00 GMT";
  std::atomic<bool> rewritten = false;
  http_api source([&](const http_api::request& asked) {
    if (asked.field("If-None-Match") == "\"65920080-3f\"" ||
        asked.field("If-Modified-Since") == second)
      return http_api::reply{"HTTP/1.1 304 Not Modified\r\n\r\n", {}, false, false};
    return http_api::answer(
        200, document(server_json(rewritten ? "b" : "a")),
        "ETag: \"65920080-3f\"\r\nLast-Modified: " + second + "\r\nDate: " + second + "\r\n");
  });
  const followed catalog(settings_for(source.url()));
  BOOST_REQUIRE(catalog.has({"a"}));
  rewritten = true;
  BOOST_TEST(catalog.has({"b"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
