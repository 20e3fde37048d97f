#include "base/yaml_quotes.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::base {

namespace {

std::string found(std::string_view text) {
  const auto quote = swallowing_quote(text);
  if (!quote) return "";
  const auto at = [](const text_position& p) {
    return std::to_string(p.line) + ":" + std::to_string(p.column);
  };
  return at(quote->began) + (quote->ended ? " to " + at(*quote->ended) : "");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml_quotes)

BOOST_AUTO_TEST_CASE(a_quote_that_is_never_closed_is_found_where_it_began) {
  BOOST_TEST(found("a:\n  path: \"x\nb: 1\n") == "2:9");
  BOOST_TEST(found("a: [1, 'x]\nb: 1\n") == "1:8");
}

BOOST_AUTO_TEST_CASE(a_quote_that_ends_at_the_next_one_is_found_with_both_places) {
  BOOST_TEST(found("a: \"x\nb: 1\nc: \"y\"\n") == "1:4 to 3:4");
  BOOST_TEST(found("l:\n  - {n: 'x}\n  - {n: 'y'}\n") == "2:9 to 3:9");
}

BOOST_AUTO_TEST_CASE(sound_texts_have_none) {
  for (const auto* text :
       {"", "a: \"x\"\nb: 'it''s'\n", "a: \"say \\\"x\\\"\"\nb: 1\n", "# it's\na: don't\nb: x\n",
        "a: \"one text\n  over two lines\"\nb: 1\n", "a: x # \"\nb: 1\n", "a: 5\" wide\nb: 1\n"})
    BOOST_TEST(found(text) == "", text);
}

BOOST_AUTO_TEST_CASE(a_text_that_cannot_be_read_says_so) {
  const auto read = parse_yaml("a: \"x\nb: {c: 1}\nd: \"y\"\n");
  BOOST_REQUIRE(!read);
  BOOST_TEST(read.error().message.find("the quote that began at 1:4") != std::string::npos,
             read.error().message);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
