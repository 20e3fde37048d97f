#include "base/characters.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::base {

BOOST_AUTO_TEST_SUITE(characters)

BOOST_AUTO_TEST_CASE(what_a_terminal_obeys_becomes_a_question_mark) {
  BOOST_TEST(without_controls("a\nb\x1b[2J\x7f") == "a?b?[2J?");
  BOOST_TEST(without_controls("a\nb\tc", "\n") == "a\nb?c");
  BOOST_TEST(without_controls(std::string_view("\0a", 2)) == "?a");
  BOOST_TEST(without_controls("\xc2\x80 \xc2\x9b[2J \xc2\x9f") == "? ?[2J ?");
  BOOST_TEST(without_controls("\xc2\xa0 \xc3\x9f \xe2\x80\x9b") ==
             "\xc2\xa0 \xc3\x9f \xe2\x80\x9b");
  BOOST_TEST(without_controls("\x9b[2J \xc2") == "?[2J ?");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
