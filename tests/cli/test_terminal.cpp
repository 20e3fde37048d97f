#include "cli/terminal.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::cli {

BOOST_AUTO_TEST_SUITE(terminal)

BOOST_AUTO_TEST_CASE(text_from_elsewhere_commands_no_terminal) {
  BOOST_TEST(harmless("a\nb\tgr\xc3\xbc\xc3\x9f") == "a\nb\tgr\xc3\xbc\xc3\x9f");
  BOOST_TEST(harmless("\x1b[2J\x7f\r") == "?[2J??");
  BOOST_TEST(harmless("\xc2\x9b[2J") == "?[2J");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::cli
