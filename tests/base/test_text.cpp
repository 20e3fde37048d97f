#include "base/text.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::base {

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(one_has_no_plural_and_everything_else_does) {
  BOOST_TEST(counted(1, "backend") == "1 backend");
  BOOST_TEST(counted(0, "backend") == "0 backends");
  BOOST_TEST(counted(2, "entry") == "2 entries");
  BOOST_TEST(counted(1, "entry") == "1 entry");
  BOOST_TEST(counted(3, "key") == "3 keys");
}

BOOST_AUTO_TEST_CASE(a_shell_word_is_read_back_as_it_was) {
  BOOST_TEST(shell_word("public") == "public");
  BOOST_TEST(shell_word("") == "''");
  BOOST_TEST(shell_word("it's $HOME") == "'it'\\''s $HOME'");
}

BOOST_AUTO_TEST_CASE(secrets_are_masked_wherever_they_stand) {
  BOOST_TEST(masked("a key, a key", "key") == "a ***, a ***");
  BOOST_TEST(masked("***", "*") == "*********");
  BOOST_TEST(masked("text", "") == "text");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
