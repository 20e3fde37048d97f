#include <boost/test/unit_test.hpp>
#include <string>

#include "model/json_reader.hpp"

using namespace switchyard;
using model::parse_json;

namespace {

std::string failure(std::string_view text, const model::json_limits& limits = {}) {
  const auto parsed = parse_json(text, limits);
  BOOST_REQUIRE_MESSAGE(!parsed, "was taken: " << text.substr(0, 100));
  BOOST_TEST(static_cast<int>(parsed.error().kind) == static_cast<int>(base::errc::invalid));
  return parsed.error().message;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_parse)

BOOST_AUTO_TEST_CASE(values_of_every_type_are_read) {
  const auto parsed = parse_json(
      R"({"a": [1, -2, 1.5, true, false, null, "x\u00e4\n"], "b": {"c": {}}, "d": 18446744073709551615})");
  BOOST_REQUIRE(parsed);
  BOOST_TEST((
      *parsed ==
      nlohmann::json::parse(
          R"({"a": [1, -2, 1.5, true, false, null, "x\u00e4\n"], "b": {"c": {}}, "d": 18446744073709551615})")));
}

BOOST_AUTO_TEST_CASE(a_scalar_is_a_document_too) {
  BOOST_TEST((*parse_json("3") == 3));
  BOOST_TEST((*parse_json(" \"x\" ") == "x"));
  BOOST_TEST(parse_json("null")->is_null());
}

BOOST_AUTO_TEST_CASE(syntax_errors_name_line_and_column) {
  BOOST_TEST(failure("{\"a\": 1,\n \"b\" 2}").starts_with("2:6: "));
  BOOST_TEST(failure("[1,\n\n  x]").starts_with("3:3: "));
  BOOST_TEST(failure("}").starts_with("1:1: "));
}

BOOST_AUTO_TEST_CASE(an_empty_or_cut_text_is_an_error) {
  for (const auto* text :
       {"", " ", "\n", "{", "[1", "{\"a\"", "{\"a\":", "\"x", "tru", "{\"a\":1", "[1,"})
    failure(text);
}

BOOST_AUTO_TEST_CASE(extensions_of_json_are_refused) {
  for (const auto* text :
       {"{} {}",   "[1] x", "[1,]",  "{\"a\":1,}", "// c\n{}",  "{} /* c */", "{a:1}",
        "{'a':1}", "NaN",   "[NaN]", "Infinity",   "-Infinity", "+1",         "01",
        "1.",      ".5",    "0x10",  "\"\t\"",     "\"a\nb\"",  "\"\\x41\"",  "TRUE"})
    failure(text);
}

BOOST_AUTO_TEST_CASE(numbers_too_large_for_any_type_are_refused) {
  BOOST_TEST(failure("[1e400]").size() < 300);
  BOOST_TEST(failure("-1e999").size() < 300);
  BOOST_TEST(failure("1" + std::string(100'000, '0')).size() < 300);
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_refused_and_the_message_is_ascii) {
  for (const auto* text : {"\"\xff\"", "\"\xc3\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"",
                           "\"\xf4\x90\x80\x80\"", "{\"\xff\": 1}", "\xff", "\"\\ud800\""}) {
    const auto message = failure(text);
    BOOST_TEST(std::ranges::all_of(message, [](char c) { return c >= 0x20 && c < 0x7f; }), message);
  }
}

BOOST_AUTO_TEST_CASE(nul_bytes_are_refused_wherever_they_stand) {
  for (const auto text : {std::string_view("{}\0garbage", 10), std::string_view("{}\0", 3),
                          std::string_view("\0{}", 3), std::string_view("\"a\0b\"", 5),
                          std::string_view("[1,\0 2]", 7)})
    BOOST_TEST(has(failure(text), "NUL"));
}

BOOST_AUTO_TEST_CASE(duplicate_keys_are_refused_with_the_pointer_of_their_object) {
  BOOST_TEST(has(failure(R"({"a": 1, "a": 1})"), R"(duplicate key "a")"));
  const auto deep = failure(
      "{\"backends\": [{}, {\"servers\": [{\"port\": 1,\n \"name\": \"x\", \"port\": 2}]}]}");
  BOOST_TEST(has(deep, R"(duplicate key "port" in the object at "/backends/1/servers/0")"), deep);
  BOOST_TEST(deep.starts_with("2:"), deep);
  failure(R"({"a": 1, "\u0061": 2})");
  failure(R"([[[{"a": {"b": {"x": [], "y": 1, "x": {}}}}]]])");
}

BOOST_AUTO_TEST_CASE(one_key_in_several_objects_is_no_duplicate) {
  BOOST_TEST(bool(parse_json(R"([{"a": {"a": {"a": 1}}}, {"a": [{"a": 1}, {"a": 2}]}])")));
}

BOOST_AUTO_TEST_CASE(depth_is_limited_while_parsing) {
  BOOST_TEST(bool(parse_json(nested(32))));
  BOOST_TEST(has(failure(nested(33)), "nested deeper than 32 levels"));
  BOOST_TEST(has(failure(nested(200'000)), "nested deeper than 32 levels"));
  BOOST_TEST(has(failure(std::string(5'000'000, '[')), "nested deeper"));
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  BOOST_TEST(has(failure(objects), "nested deeper"));
  BOOST_TEST(has(failure(nested(4), {3, 100}), "nested deeper than 3"));
}

BOOST_AUTO_TEST_CASE(size_is_limited) {
  BOOST_TEST(bool(parse_json("[1]", {32, 3})));
  BOOST_TEST(has(failure("[1] ", {32, 3}), "larger than 3 bytes"));
}

BOOST_AUTO_TEST_CASE(a_message_stays_short_whatever_the_text) {
  const std::string long_text(1'000'000, 'x');
  BOOST_TEST(failure("[\"" + long_text + "\xff\"]").size() < 300);
  BOOST_TEST(failure("{\"" + long_text + "\":1,\"" + long_text + "\":1}").size() < 300);
  BOOST_TEST(failure("[" + long_text + "]").size() < 300);
}

BOOST_AUTO_TEST_SUITE_END()
