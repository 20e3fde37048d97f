// The man page and the completions know every command and option that --help shows.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <sstream>

#include "tests/support/support.hpp"

namespace switchyard::tests {

namespace {

const std::string completions = SWITCHYARD_SOURCE_DIR "/packaging/completions/";

using words = std::set<std::string>;

std::string help_of(const std::string& command) {
  std::vector<std::string> argv{SWITCHYARD_BINARY};
  if (!command.empty()) argv.push_back(command);
  argv.emplace_back("--help");
  return run_program(argv);
}

/// The first words of the lines under a heading of the help.
words under(const std::string& heading, const std::string& help) {
  words found;
  std::istringstream lines(help.substr(std::min(help.find(heading + ":\n"), help.size())));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line.starts_with("  ")) {
    const auto from = line.find_first_not_of(' ');
    if (from == 2) found.insert(line.substr(from, line.find(' ', from) - from));
  }
  return found;
}

/// "-c,--config" → "-c" and "--config".
words options_of(const std::string& command) {
  words found;
  for (const auto& both : under("Options", help_of(command))) {
    const auto comma = both.find(',');
    found.insert(both.substr(0, comma));
    if (comma != std::string::npos) found.insert(both.substr(comma + 1));
  }
  return found;
}

words commands() {
  return under("Subcommands", help_of(""));
}

/// The man page without its escapes.
std::string manual() {
  auto text = read_text(SWITCHYARD_SOURCE_DIR "/packaging/switchyard.1");
  for (auto at = text.find("\\-"); at != std::string::npos; at = text.find("\\-", at))
    text.replace(at, 2, "-");
  return text;
}

/// What bash offers for the last of these words.
words offered(const std::vector<std::string>& line) {
  std::string script = "source " + completions + "switchyard.bash; COMP_WORDS=(" SWITCHYARD_BINARY;
  for (const auto& word : line) script += " '" + word + "'";
  script += "); COMP_CWORD=" + std::to_string(line.size()) +
            "; _switchyard; printf '%s\\n' \"${COMPREPLY[@]}\"";
  std::istringstream lines(run_program({"bash", "-c", script}));
  words found;
  for (std::string word; std::getline(lines, word);)
    if (!word.empty()) found.insert(word);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(words_of_the_command_line)

BOOST_AUTO_TEST_CASE(the_manual_has_every_command_and_option) {
  const auto text = manual();
  BOOST_TEST(commands().size() >= 10U);
  for (const auto& command : commands()) {
    const bool there = contains(text, "\n.B " + command + "\n") ||
                       contains(text, "\n.BI " + command + " ") ||
                       contains(text, "\n.BR " + command + " ");
    BOOST_TEST(there, command + " is not in packaging/switchyard.1");
    for (const auto& option : options_of(command))
      BOOST_TEST(contains(text, option), option + " is not in packaging/switchyard.1");
  }
}

BOOST_AUTO_TEST_CASE(bash_offers_every_command_and_option) {
  auto expected = commands();
  expected.insert({"-h", "--help"});
  BOOST_TEST((offered({""}) == expected));
  for (const auto& command : commands())
    BOOST_TEST((offered({command, "-"}) == options_of(command)), command);
}

BOOST_AUTO_TEST_CASE(bash_offers_files_and_words_where_options_take_them) {
  const temp_dir folder;
  write_text(folder / "settings.yaml", "");
  BOOST_TEST((offered({"run", "--config", folder / "sett"}) == words{folder / "settings.yaml"}));
  BOOST_TEST((offered({"status", "-o", "j"}) == words{"json"}));
  BOOST_TEST((offered({"backends", "--state", ""}) == words{"ready", "drain", "maint"}));
}

BOOST_AUTO_TEST_CASE(zsh_has_every_command_and_option) {
  const auto text = read_text(completions + "_switchyard");
  for (const auto& command : commands()) {
    BOOST_TEST(contains(text, "'" + command + ":"), command + " is not in _switchyard");
    for (const auto& option : options_of(command))
      if (option.starts_with("--"))
        BOOST_TEST((contains(text, option + "[") || contains(text, option + "}")),
                   option + " is not in _switchyard");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
