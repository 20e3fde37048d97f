#include "providers/exec/command.hpp"

#include <string_view>

#include "base/redact.hpp"
#include "base/text.hpp"
#include "model/json_reader.hpp"

namespace switchyard::providers::exec {

namespace {

constexpr int most_lines = 3;
constexpr std::size_t longest_line = 200;

/// The first lines of a text that are not blank, each in quotes.
std::string first_lines(std::string_view text) {
  std::string shown;
  for (int lines = 0; !text.empty() && lines < most_lines;) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    shown += (lines++ == 0 ? "" : ", ") + model::quoted(line, longest_line);
  }
  return shown;
}

/// What a command is given and must not be shown: it may print it.
std::vector<std::string> secrets_in(const config::exec_settings& settings) {
  std::vector<std::string> secrets;
  for (const auto& [name, value] : settings.environment)
    if (base::names_a_secret(name)) secrets.push_back(value);
  const auto& words = settings.command;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (!base::names_a_secret(words[i].substr(0, equals))) continue;
    if (equals != std::string::npos)
      secrets.push_back(words[i].substr(equals + 1));
    else if (i + 1 < words.size())
      secrets.push_back(words[i + 1]);
  }
  return secrets;
}

}  // namespace

const std::map<std::string, std::string> least_environment{
    {"LANG", "C.UTF-8"},
    {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
};

std::string description_of(const base::finished& ended) {
  auto text = "exited with code " + std::to_string(ended.exit_code);
  if (const auto name = base::signal_of(ended.exit_code); !name.empty()) text += " (" + name + ")";
  const auto said = first_lines(ended.errors);
  return text + (said.empty() ? ", and said nothing on stderr" : ": " + said);
}

base::outcome<std::string> output_of(const config::exec_settings& settings,
                                     const base::wakeup* stop) {
  base::command_line command{.argv = settings.command,
                             .environment = settings.environment,
                             .deadline = settings.timeout,
                             .output_limit = settings.max_bytes,
                             .whole_output = true,
                             .errors_apart = true,
                             .interrupt = stop};
  command.environment.insert(least_environment.begin(), least_environment.end());
  auto ended = base::run(command);
  if (!ended) return ended.error();
  for (const auto& secret : secrets_in(settings))
    ended->errors = base::masked(std::move(ended->errors), secret);
  if (ended->exit_code != 0)
    return base::error{base::errc::refused,
                       settings.command.front() + ": " + description_of(*ended)};
  return std::move(ended->output);
}

}  // namespace switchyard::providers::exec
