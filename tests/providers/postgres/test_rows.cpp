// Hints and rows, without a server.

#include <boost/test/unit_test.hpp>
#include <string>

#include "providers/postgres/hints.hpp"
#include "providers/postgres/row_text.hpp"
#include "providers/postgres/rows.hpp"

namespace switchyard::tests {

using namespace providers::postgres;

BOOST_AUTO_TEST_SUITE(postgres_rows)

BOOST_AUTO_TEST_CASE(a_payload_that_is_a_name_asks_for_that_backend) {
  hints wanted;
  BOOST_TEST(wanted.empty());
  wanted.add("api-backend");
  wanted.add("api-backend");
  wanted.add("other");
  BOOST_TEST(wanted.backends.size() == 2U);
  BOOST_TEST(!wanted.everything);
}

BOOST_AUTO_TEST_CASE(the_words_are_told_from_names) {
  hints wanted;
  wanted.add("/proof/17-4");
  BOOST_TEST(wanted.empty());
  wanted.add("/routes");
  BOOST_TEST(wanted.routes);
  BOOST_TEST(!wanted.everything);
  for (const std::string word : {"*", "/routes", "/proof/17-4"})
    BOOST_TEST(!model::valid_name(word));
}

BOOST_AUTO_TEST_CASE(any_other_payload_asks_for_everything) {
  for (const std::string payload :
       {"*", "", "two words", "/proof", "a/", "/a", "a/b/c", "a/b c", "{\"backend\": \"a\"}"}) {
    hints wanted;
    wanted.add(payload);
    BOOST_TEST_CONTEXT(payload) BOOST_TEST(wanted.everything);
  }
}

BOOST_AUTO_TEST_CASE(a_payload_of_two_names_asks_for_that_server) {
  hints wanted;
  wanted.add("api/srv1");
  wanted.add("api/srv2");
  BOOST_TEST(!wanted.empty());
  BOOST_TEST(wanted.backends.empty());
  BOOST_TEST(wanted.server_keys() == (std::vector<std::string>{"api/srv1", "api/srv2"}));
  BOOST_TEST(wanted.whole_backends().backends.contains("api"));
  BOOST_TEST(wanted.whole_backends().servers.empty());
}

BOOST_AUTO_TEST_CASE(a_whole_backend_takes_its_servers_in) {
  hints wanted;
  wanted.add("api/srv1");
  wanted.add("web/srv1");
  wanted.add("api");
  wanted.add("api/srv2");
  BOOST_TEST(wanted.backends.contains("api"));
  BOOST_TEST(wanted.server_keys() == std::vector<std::string>{"web/srv1"});
}

BOOST_AUTO_TEST_CASE(servers_without_end_become_their_backend) {
  hints wanted;
  for (std::size_t i = 0; i < most_named_servers; ++i) wanted.add("api/s" + std::to_string(i));
  BOOST_TEST(wanted.backends.empty());
  wanted.add("api/one-more");
  BOOST_TEST(wanted.backends.contains("api"));
  BOOST_TEST(wanted.servers.empty());
  for (std::size_t i = 0; i < most_named_backends; ++i) wanted.add("b" + std::to_string(i) + "/s");
  BOOST_TEST(wanted.everything);
}

BOOST_AUTO_TEST_CASE(a_cache_forgets_only_what_was_asked_for_and_not_there) {
  const model::server one{.name = "srv1", .address = "10.0.0.1", .port = 80};
  row_cache cache;
  for (const std::string name : {"srv1", "srv2", "srv3"}) cache.put("a", name, "row", one);
  cache.end_read();
  BOOST_TEST(cache.find("a", "srv1", "row") != nullptr);
  cache.end_read({{"a", {"srv1", "srv2"}}, {"b", {"srv1"}}});
  BOOST_TEST(cache.find("a", "srv1", "row") != nullptr);
  BOOST_TEST(cache.find("a", "srv2", "row") == nullptr);
  BOOST_TEST(cache.find("a", "srv3", "row") != nullptr);
}

BOOST_AUTO_TEST_CASE(names_without_end_become_everything) {
  hints wanted;
  for (std::size_t i = 0; i <= most_named_backends; ++i) wanted.add("b" + std::to_string(i));
  BOOST_TEST(wanted.everything);
  BOOST_TEST(wanted.backends.size() == most_named_backends);
}

BOOST_AUTO_TEST_CASE(rows_that_disagree_are_judged_by_their_names_whatever_their_order) {
  const auto row = [](const std::string& name, const std::string& balance) {
    return std::vector<std::optional<std::string>>{
        "s", "a", name,
        R"({"backend": "a", "name": ")" + name +
            R"(", "ip": "10.0.0.1", "port": 80, "balance": ")" + balance + "\"}"};
  };
  table rows{row("srv1", "leastconn"), row("srv3", "leastconn"), row("srv2", "roundrobin")};
  const auto one = decode_rows(rows, layout::queries, false);
  std::ranges::reverse(rows);
  const auto other = decode_rows(rows, layout::queries, false);
  BOOST_REQUIRE((one && other));
  BOOST_TEST((one->refused == other->refused));
  for (const auto* report : {&*one, &*other}) {
    const auto& event = report->backends.at("a");
    BOOST_TEST((event.value->settings.balance == model::balance_algorithm::leastconn));
    BOOST_TEST((event.refused_servers == std::set<std::string>{"srv2"}));
  }
}

BOOST_AUTO_TEST_CASE(rows_that_are_no_json_are_refused_by_their_key) {
  const table rows{{"s", "a", "srv1", R"({"name": "srv1", "port": 1e999})"},
                   {"s", "a", "srv2", "{"},
                   {"b", "a", {}, "null and void"}};
  const auto report = decode_rows(rows, layout::tables, false);
  BOOST_REQUIRE(report);
  BOOST_TEST(report->refused.size() == 3U);
  BOOST_TEST(report->backends.at("a").refused_servers.size() == 2U);
  BOOST_TEST(report->backends.at("a").settings_refused);
  BOOST_TEST(!report->routes.has_value());
}

BOOST_AUTO_TEST_CASE(members_are_told_from_each_other_whatever_their_values_are) {
  const auto members =
      members_of(R"( {"a" : {"b": "}\\\"", "b": [1, {}]} , "\u0063,": 1e999,"d":"\\" ,"d":} )");
  BOOST_REQUIRE(members);
  const std::vector<text_member> expected{
      {"a", R"({"b": "}\\\"", "b": [1, {}]} )"}, {"c,", "1e999"}, {"d", R"("\\" )"}, {"d", ""}};
  BOOST_CHECK(*members == expected);
  BOOST_TEST(members_of("{ } ")->empty());
  for (const std::string text : {"", "{", "}", "[]", "null", "{\"a\"", "{\"a\":", "{\"a\":1",
                                 "{\"a\":1,", "{\"a\":1,}", "{\"a\":]}", "{\"a\":[}", "{\"a\":\"}",
                                 "{\"a\":\"\\", "{\"a\":1} x", "{a:1}", "{\"a\" 1}", "{\"\\x\":1}"})
    BOOST_TEST_CONTEXT(text) BOOST_TEST(!members_of(text));
}

BOOST_AUTO_TEST_CASE(an_answer_of_another_form_is_an_error_and_no_empty_view) {
  BOOST_TEST(!decode_rows({{"s", "a"}}, layout::tables, true));
  BOOST_TEST(!decode_rows({{{}, "a", "b", "{}"}}, layout::tables, true));
  BOOST_TEST(
      !decode_rows({{"s", "a", "b", R"({"backend": "a", "name": "b"})"}}, layout::queries, true));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
