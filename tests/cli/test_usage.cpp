#include "cli/usage.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::cli {

BOOST_AUTO_TEST_SUITE(usage)

BOOST_AUTO_TEST_CASE(a_word_with_few_wrong_letters_is_taken_for_the_closest_name) {
  const std::vector<std::string> names{"run", "status", "backends", "exec", "version"};
  for (const auto& [word, meant] :
       std::vector<std::pair<std::string, std::string>>{{"stats", "status"},
                                                        {"statsu", "status"},
                                                        {"backend", "backends"},
                                                        {"exce", "exec"},
                                                        {"rnu", "run"},
                                                        {"fly", ""},
                                                        {"x", ""},
                                                        {"", ""}})
    BOOST_TEST(closest(word, names) == meant, word);
}

BOOST_AUTO_TEST_CASE(a_wrong_command_is_said_with_the_right_ones) {
  const std::vector<std::string> names{"run", "status"};
  BOOST_TEST(no_such_command("stats", names) ==
             "there is no command stats; did you mean status? The commands are run, status");
  BOOST_TEST(no_such_command("fly", names) ==
             "there is no command fly; the commands are run, status");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::cli
