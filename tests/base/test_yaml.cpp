#include <malloc.h>

#include <boost/test/unit_test.hpp>

#include "base/yaml.hpp"

namespace switchyard::base {

namespace {

using nlohmann::json;

json value_of(const std::string& text) {
  const auto read = parse_yaml(text);
  BOOST_REQUIRE_MESSAGE(read, text + ": " + (read ? "" : read.error().message));
  return read->value;
}

std::string refusal_of(const std::string& text, const yaml_limits& limits = {}) {
  const auto read = parse_yaml(text, limits);
  if (read) return "taken as " + read->value.dump();
  BOOST_TEST((read.error().kind == errc::invalid));
  return read.error().message;
}

/// What the program has allocated, in bytes.
std::size_t allocated() {
  const auto now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml)

BOOST_AUTO_TEST_CASE(plain_scalars_follow_the_core_schema) {
  const std::pair<const char*, json> cases[] = {
      {"null", nullptr},
      {"~", nullptr},
      {"", nullptr},
      {"true", true},
      {"False", false},
      {"0", 0},
      {"-7", -7},
      {"+7", 7},
      {"010", 10},
      {"0o10", 8},
      {"0xfF", 255},
      {"1.5", 1.5},
      {"-.5", -0.5},
      {"1e3", 1000.0},
      {"5.", 5.0},
      {"yes", "yes"},
      {"off", "off"},
      {"1_000", "1_000"},
      {"0x", "0x"},
      {"1.2.3", "1.2.3"},
      {"1e", "1e"},
      {".", "."},
      {"-", json::array({nullptr})},
      {"10.0.0.1", "10.0.0.1"},
      {"a b", "a b"},
      {"2s", "2s"},
      {"9223372036854775807", 9223372036854775807},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"18446744073709551615", 18446744073709551615U}};
  for (const auto& [text, expected] : cases) {
    BOOST_TEST(value_of(text) == expected, text);
    BOOST_TEST((value_of(text).is_number_float() == expected.is_number_float()), text);
  }
}

BOOST_AUTO_TEST_CASE(quoted_and_block_scalars_are_strings) {
  BOOST_TEST(value_of("[\"1\", 'true', \"\", '~', \"a\\nb\"]") ==
             json({"1", "true", "", "~", "a\nb"}));
  BOOST_TEST(value_of("a: |\n  SELECT 1\n  WHERE 2\n") == json({{"a", "SELECT 1\nWHERE 2\n"}}));
  BOOST_TEST(value_of("a: >\n  12\n") == json({{"a", "12\n"}}));
}

BOOST_AUTO_TEST_CASE(tags_of_the_core_schema_are_obeyed_and_others_refused) {
  BOOST_TEST(value_of("[!!str 1, !!int \"2\", !!float 3, ! 4]") == json({"1", 2, 3, "4"}));
  BOOST_TEST(value_of("!!map {a: !!seq []}") == json({{"a", json::array()}}));
  BOOST_TEST(refusal_of("a: !!int x") == "1:4: the value is not what its tag says");
  BOOST_TEST(refusal_of("a: !!binary eA==") == "1:4: the value is not what its tag says");
  BOOST_TEST(refusal_of("- !local x") == "1:3: the tag '!local' is not known here");
  BOOST_TEST(refusal_of("- !local [x]") == "1:3: the tag '!local' is not known here");
  BOOST_TEST(refusal_of("- !!map [x]").starts_with("1:3: the tag "));
}

BOOST_AUTO_TEST_CASE(numbers_without_a_json_form_are_refused) {
  for (const auto* text : {"18446744073709551616", "-9223372036854775809", "0x10000000000000000",
                           "99999999999999999999999999"})
    BOOST_TEST(refusal_of(text) == "1:1: the number does not fit into 64 bits");
  BOOST_TEST(refusal_of("a: 1e999") == "1:4: the number does not fit");
  for (const auto* text : {".inf", "-.INF", "+.Inf", ".nan"})
    BOOST_TEST(refusal_of(text).starts_with("1:1: infinite numbers"));
}

BOOST_AUTO_TEST_CASE(every_value_has_its_place) {
  const auto read = parse_yaml("# head\na: 1\nb:\n  - x\n  - {c/d: 2,\n     e~: [3]}\n");
  BOOST_REQUIRE(read);
  const std::map<std::string, text_position> expected{
      {"", {2, 1}},     {"/a", {2, 1}},        {"/b", {3, 1}},       {"/b/0", {4, 5}},
      {"/b/1", {5, 5}}, {"/b/1/c~1d", {5, 6}}, {"/b/1/e~0", {6, 6}}, {"/b/1/e~0/0", {6, 11}}};
  BOOST_TEST(read->positions.size() == expected.size());
  for (const auto& [pointer, position] : expected) {
    BOOST_TEST(read->at(pointer).line == position.line, pointer);
    BOOST_TEST(read->at(pointer).column == position.column, pointer);
    BOOST_TEST(read->value.contains(json::json_pointer(pointer)), pointer);
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_there_has_the_place_of_what_it_belongs_to) {
  const auto read = parse_yaml("a:\n  b: 1\n");
  BOOST_REQUIRE(read);
  BOOST_TEST((read->at("/a/missing") == text_position{1, 1}));
  BOOST_TEST((read->at("/a/b/c/d") == text_position{2, 3}));
  BOOST_TEST((read->at("/other") == text_position{1, 1}));
}

BOOST_AUTO_TEST_CASE(long_keys_over_many_values_cost_no_more_than_the_text) {
  std::string wide = "? " + std::string(20'000, 'a') + "\n: [1";
  for (int i = 0; i < 10'000; ++i) wide += ",1";
  std::string deep;
  for (char c = 'a'; c <= 'z'; ++c) deep += "{" + std::string(1000, c) + ": ";
  deep += "[1";
  for (int i = 0; i < 10'000; ++i) deep += ",1";
  for (const auto& text : {wide + "]\n", deep + "]" + std::string(26, '}')}) {
    const auto before = allocated();
    const auto read = parse_yaml(text);
    BOOST_REQUIRE(read);
    BOOST_TEST(allocated() - before < 10U << 20U);
  }
}

BOOST_AUTO_TEST_CASE(duplicate_keys_are_refused_at_the_second) {
  BOOST_TEST(refusal_of("a: 1\nb: 2\na: 3\n") == "3:1: the key 'a' is there twice");
  BOOST_TEST(refusal_of("x: {a: 1, \"a\": 2}") == "1:11: the key 'a' is there twice");
  BOOST_TEST(refusal_of("a: {}\na: {}") == "2:1: the key 'a' is there twice");
}

BOOST_AUTO_TEST_CASE(keys_are_scalars_that_are_written_out) {
  BOOST_TEST(value_of("80: x\ntrue: y") == json({{"80", "x"}, {"true", "y"}}));
  BOOST_TEST(refusal_of("? [a]\n: 1") == "1:3: a key must be a scalar");
  BOOST_TEST(refusal_of("{a: b}: 1") == "1:1: a key must be a scalar");
  BOOST_TEST(refusal_of("x: &k a\n*k : 1") == "2:1: a key must be written out, not an alias");
  BOOST_TEST(refusal_of("~: 1") == "1:1: a key is missing");
  BOOST_TEST(refusal_of(": 1").ends_with("a key is missing"));
}

BOOST_AUTO_TEST_CASE(an_alias_is_a_copy) {
  const auto read = parse_yaml("a: &x {b: [1, 2]}\nc: *x\nd: &y text\ne: *y");
  BOOST_REQUIRE(read);
  BOOST_TEST(read->value == json::parse(R"({"a": {"b": [1, 2]}, "c": {"b": [1, 2]},
                                            "d": "text", "e": "text"})"));
  BOOST_TEST((read->at("/c/b/0") == text_position{2, 1}));
}

BOOST_AUTO_TEST_CASE(an_alias_of_what_it_stands_in_is_refused) {
  BOOST_TEST(refusal_of("&a [1, *a]") == "1:8: an alias inside of what it stands for");
  BOOST_TEST(refusal_of("a: *unknown").starts_with("1:4: "));
}

BOOST_AUTO_TEST_CASE(aliases_that_multiply_are_stopped_by_the_budget) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto from = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + from;
    for (int k = 0; k < 9; ++k) bomb += ", " + from;
    bomb += "]\n";
  }
  const auto what = refusal_of(bomb);
  BOOST_TEST(what.ends_with("more than 4000000 values"), what);
}

BOOST_AUTO_TEST_CASE(aliases_of_long_texts_are_stopped_by_the_byte_limit) {
  std::string text = "a: &a " + std::string(1000, 'x') + "\nb: [*a";
  for (int i = 0; i < 100; ++i) text += ", *a";
  text += "]\n";
  BOOST_TEST(refusal_of(text, {.bytes = 50'000}).ends_with("more than 50000 bytes of text"));
  BOOST_TEST(refusal_of(text, {.bytes = 200'000}).starts_with("taken"));
}

BOOST_AUTO_TEST_CASE(values_are_counted) {
  BOOST_TEST(refusal_of("[1, 2, 3]", {.nodes = 4}).starts_with("taken"));
  BOOST_TEST(refusal_of("[1, 2, 3, 4]", {.nodes = 4}) == "1:11: more than 4 values");
}

BOOST_AUTO_TEST_CASE(nesting_is_limited) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  BOOST_TEST(refusal_of(nested(32)).starts_with("taken"));
  BOOST_TEST(refusal_of(nested(33)) == "1:33: nested deeper than 32 levels");
  BOOST_TEST(refusal_of(std::string(200'000, '[')).starts_with("1:"));
  BOOST_TEST(refusal_of(std::string(200'000, '{')).starts_with("1:"));
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "- ";
  BOOST_TEST(refusal_of(deep).ends_with("nested deeper than 32 levels"));
}

BOOST_AUTO_TEST_CASE(one_document_alone_is_taken) {
  BOOST_TEST(value_of("---\na: 1\n...\n") == json({{"a", 1}}));
  BOOST_TEST(refusal_of("a: 1\n---\nb: 2\n") == "2:1: a second document; only one is allowed");
  BOOST_TEST(refusal_of("---\n---\n").ends_with("a second document; only one is allowed"));
  BOOST_TEST(refusal_of("\"a\" \"b\"").ends_with("a second document; only one is allowed"));
}

BOOST_AUTO_TEST_CASE(a_text_without_a_document_is_null) {
  for (const auto* text : {"", "\n\n", "# only a comment\n", "---\n"}) {
    const auto read = parse_yaml(text);
    BOOST_REQUIRE_MESSAGE(read, text);
    BOOST_TEST(read->value.is_null());
    BOOST_TEST(!read->positions.empty());
  }
}

BOOST_AUTO_TEST_CASE(syntax_errors_have_a_place) {
  for (const auto* text :
       {"a: [1, 2", "a: {b: 1", "a: b: c", "a: \"open", "\tx: 1", "a: 'x", "]", "a: 1\n b: 2",
        "%YAML 9.9\n---\na: 1", "a: *", "&a &b c", "a: \"\\q\""}) {
    const auto what = refusal_of(text);
    unsigned line = 0;
    unsigned column = 0;
    BOOST_TEST(std::sscanf(what.c_str(), "%u:%u: ", &line, &column) == 2, text << ": " << what);
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_are_refused_with_their_place) {
  BOOST_TEST(refusal_of("a: b\nc: \xff\n") == "2:4: this is no UTF-8 text");
  for (const std::string bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80",
                                "\xe0\x80\x80", "\xf0\x80\x80\x80"})
    BOOST_TEST(refusal_of("k: " + bad) == "1:4: this is no UTF-8 text");
  BOOST_TEST(refusal_of(std::string("a: b\0c", 6)) == "1:5: a control character");
  BOOST_TEST(refusal_of("a: \x1b[0m") == "1:4: a control character");
  BOOST_TEST(refusal_of(std::string("\xff\xfe"
                                    "a\0",
                                    4)) == "1:1: this is no UTF-8 text");
}

BOOST_AUTO_TEST_CASE(texts_in_utf8_pass_with_or_without_a_byte_order_mark) {
  BOOST_TEST(value_of("a: größe €\xf0\x9f\x9a\x82") == json({{"a", "größe €\xf0\x9f\x9a\x82"}}));
  BOOST_TEST(value_of("\xef\xbb\xbf"
                      "a: 1") == json({{"a", 1}}));
  BOOST_TEST(value_of("a: 1\r\nb: 2\r\n") == json({{"a", 1}, {"b", 2}}));
}

BOOST_AUTO_TEST_CASE(the_text_itself_is_limited) {
  BOOST_TEST(refusal_of("a: 1234567", {.bytes = 9}) == "1:1: the text is larger than 9 bytes");
}

BOOST_AUTO_TEST_CASE(a_mutated_document_never_does_worse_than_be_refused) {
  const std::string good =
      "haproxy: {mode: managed}\nlist: &l\n  - {a: 1, b: \"x\"}\n  - 'y'\nagain: *l\ntext: |\n  "
      "z\n";
  std::uint32_t state = 1;
  const auto random = [&state] { return state = state * 1664525U + 1013904223U; };
  const std::string_view spice = "{}[]:,-?&*!|>'\"%@`#~ \n\t\\0a";
  for (int round = 0; round < 3000; ++round) {
    auto text = good;
    for (unsigned i = 0; i <= random() % 4; ++i) {
      const auto at = (random() >> 8U) % text.size();
      if (random() & 0x100U)
        text[at] = spice[(random() >> 8U) % spice.size()];
      else
        text.erase(at, (random() >> 8U) % 5);
      if (text.empty()) text = "a";
    }
    const auto read = parse_yaml(text);
    if (read) BOOST_REQUIRE_NO_THROW(static_cast<void>(read->value.dump()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
