// The man page and the completions know every command and option that --help shows.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <sstream>

#include "api/event_log.hpp"
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

/// The man page's section of options with this command in its title; "" for none.
std::string options_in_manual(const std::string& command) {
  std::istringstream lines(manual());
  std::string found;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(".S")) {
      const auto title = ", " + line.substr(std::min<std::size_t>(4, line.size())) + ",";
      inside = line.starts_with(".SS ") && contains(title, ", " + command + ",");
    }
    if (inside) found += line + "\n";
  }
  return found;
}

/// The arguments that zsh completes for a command.
std::string zsh_arguments(const std::string& command) {
  std::istringstream lines(read_text(completions + "_switchyard"));
  std::string found;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const auto names = line.substr(0, line.find(')'));
    const auto last = names.find_last_of(" ") + 1;
    if (line.starts_with("        ") && line[8] != ' ')
      inside = names.substr(std::min(last, names.size())) == command ||
               contains(names, " " + command + " |");
    if (inside) found += line + "\n";
  }
  for (const auto& [name, stands_for] :
       {std::pair{"$client", "$settings $output --api[ --token-file["},
        std::pair{"$settings", "-c,--config} -h,--help}"}, std::pair{"$output", "-o,--output}"}})
    for (auto at = found.find(name); at != std::string::npos; at = found.find(name))
      found.replace(at, std::string(name).size(), stands_for);
  return found;
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
    const words common{"-h", "--help", "-c", "--config", "-o", "--output"};
    const auto own = options_in_manual(command);
    for (const auto& option : options_of(command))
      BOOST_TEST(contains(common.contains(option) ? text : own, option),
                 command << " " << option << " is not in packaging/switchyard.1");
  }
}

BOOST_AUTO_TEST_CASE(every_command_that_prints_something_prints_json_too) {
  for (const auto& command : commands())
    if (command != "run")  // it prints the log, whose format is a setting
      BOOST_TEST(options_of(command).contains("--output"), command);
}

BOOST_AUTO_TEST_CASE(config_goes_before_the_environment_for_every_command) {
  const std::map<std::string, std::vector<std::string>> arguments{{"drain", {"b/s"}},
                                                                  {"exec", {"show", "info"}}};
  for (const auto& command : commands()) {
    if (!options_of(command).contains("--config")) continue;
    std::vector<std::string> argv{"sh",
                                  "-c",
                                  "\"$@\" 2>&1; true",
                                  "sh",
                                  "env",
                                  "SWITCHYARD_CONFIG=/nonexistent/environment",
                                  SWITCHYARD_BINARY,
                                  command,
                                  "--config",
                                  "/nonexistent/option"};
    if (const auto more = arguments.find(command); more != arguments.end())
      argv.insert(argv.end(), more->second.begin(), more->second.end());
    const auto said = run_program(argv);
    BOOST_TEST(contains(said, "/nonexistent/option"), command << ": " << said);
    BOOST_TEST(!contains(said, "/nonexistent/environment"), command);
  }
}

BOOST_AUTO_TEST_CASE(bash_offers_every_command_and_option) {
  auto expected = commands();
  expected.merge(options_of(""));
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
  BOOST_TEST((offered({"watch", "--kind", ""}) ==
              words(api::event_kinds.begin(), api::event_kinds.end())));
}

BOOST_AUTO_TEST_CASE(zsh_has_every_command_and_option) {
  const auto text = read_text(completions + "_switchyard");
  std::string kinds;
  for (const auto kind : api::event_kinds) kinds.append(kinds.empty() ? "(" : " ").append(kind);
  BOOST_TEST(contains(text, kinds + ")"));
  for (const auto& command : commands()) {
    BOOST_TEST(contains(text, "'" + command + ":"), command + " is not in _switchyard");
    const auto own = zsh_arguments(command);
    for (const auto& option : options_of(command))
      if (option.starts_with("--"))
        BOOST_TEST((contains(own, option + "[") || contains(own, option + "}")),
                   command << " " << option << " is not in _switchyard: " << own);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
