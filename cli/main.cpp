#include <CLI/CLI.hpp>
#include <array>
#include <exception>
#include <iostream>
#include <map>
#include <string_view>
#include <vector>

#include "base/redact.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "cli/usage.hpp"
#include "providers/rest/transformer.hpp"

namespace {

using namespace switchyard::cli;

/// What the options of all commands are read into, and the exit code of the one that ran. Each
/// command has its own: CLI11 reads the environment for the commands that were not given, too.
struct choices {
  common_options run;
  common_options check;
  common_options doctor;
  common_options version;
  client_options client;
  backends_options backends;
  watch_options watch;
  drain_options drain;
  decide_options approve{{}, true, "", false};
  decide_options reject{{}, false, "", false};
  exec_options exec;
  plan_options plan;
  sql_options sql;
  int code = 0;
};

void add_config(CLI::App& command, common_options& options) {
  command.add_option("-c,--config", options.config, "Settings file")
      ->envname("SWITCHYARD_CONFIG")
      ->capture_default_str();
}

void add_output(CLI::App& command, output_format& output) {
  static const std::map<std::string, output_format> words{{"text", output_format::text},
                                                          {"json", output_format::json}};
  command.add_option("-o,--output", output, "text or json")
      ->transform(CLI::CheckedTransformer(words))
      ->option_text("text|json");
}

void add_client(CLI::App& command, client_options& options) {
  add_config(command, options.common);
  add_output(command, options.common.output);
  command.add_option("--api", options.api,
                     "The API: unix:/path or http[s]://HOST:PORT, by default as the settings say");
  command.add_option("--token-file", options.token_file, "File with the API's bearer token");
}

void add_daemon_commands(CLI::App& app, choices& c) {
  auto* run_command = app.add_subcommand("run", "Run the daemon in the foreground");
  add_config(*run_command, c.run);
  run_command->callback([&] { c.code = run(c.run); });

  auto* check_command =
      app.add_subcommand("check", "Check settings, HAProxy, sockets, files and sources");
  add_config(*check_command, c.check);
  add_output(*check_command, c.check.output);
  check_command->callback([&] { c.code = check(c.check); });

  auto* doctor_command = app.add_subcommand(
      "doctor", "Check a whole installation and what surrounds it, with the remedies");
  add_config(*doctor_command, c.doctor);
  add_output(*doctor_command, c.doctor.output);
  doctor_command->callback([&] { c.code = doctor(c.doctor); });
}

void add_looking_commands(CLI::App& app, choices& c) {
  auto* status_command = app.add_subcommand("status", "Show what a running switchyard knows");
  add_client(*status_command, c.client);
  status_command->callback([&] { c.code = status(c.client); });

  auto* backends_command =
      app.add_subcommand("backends", "List backends, or show one as desired and as it is");
  add_client(*backends_command, c.backends.client);
  backends_command->add_option("name", c.backends.name, "A backend, or a pattern such as 'api-*'");
  backends_command->add_option("--provider", c.backends.provider, "Those of this provider only");
  backends_command
      ->add_option("--state", c.backends.state, "Those with a server in this state only")
      ->check(CLI::IsMember({"ready", "drain", "maint"}))
      ->option_text("ready|drain|maint");
  backends_command->callback([&] { c.code = backends(c.backends); });

  auto* watch_command = app.add_subcommand("watch", "Show changes as they happen");
  add_client(*watch_command, c.watch.client);
  watch_command->add_option("--backend", c.watch.backend, "Changes of this backend only");
  watch_command->add_option("--provider", c.watch.provider, "Changes from this provider only");
  watch_command->add_option("--kind", c.watch.kind, "Changes of this kind only, such as reload");
  watch_command->add_option("--last", c.watch.last, "So many of the last of these changes first");
  watch_command->callback([&] { c.code = watch(c.watch); });
}

void add_plan_command(CLI::App& app, choices& c) {
  auto* plan_command = app.add_subcommand(
      "plan", "Show what would change in HAProxy; exit code 3 when something would");
  add_config(*plan_command, c.plan.client.common);
  add_output(*plan_command, c.plan.client.common.output);
  auto* api = plan_command->add_option(
      "--api", c.plan.client.api,
      "Ask the running switchyard at unix:/path or http[s]://HOST:PORT, not sources and HAProxy");
  plan_command
      ->add_option("--token-file", c.plan.client.token_file, "File with the API's bearer token")
      ->needs(api);
  auto* file = plan_command
                   ->add_option("-f,--file", c.plan.file,
                                "A document, JSON or YAML, or a folder; - for the standard input")
                   ->type_name("FILE");
  plan_command
      ->add_flag("--whole", c.plan.whole,
                 "The document is all that is desired, not an addition to the sources")
      ->needs(file);
  plan_command->callback([&] { c.code = plan(c.plan); });
}

void add_decision(CLI::App& app, choices& c, const std::string& name, const std::string& what,
                  decide_options& options) {
  auto* command = app.add_subcommand(name, what);
  add_client(*command, options.client);
  auto* id = command->add_option("hold", options.id, "The number of a hold; none: show the holds");
  command->add_flag("--all", options.all, "All holds")->excludes(id);
  command->callback([&] { c.code = decide(options); });
}

void add_acting_commands(CLI::App& app, choices& c) {
  auto* drain_command = app.add_subcommand("drain", "Drain a server of the memory provider");
  add_client(*drain_command, c.drain.client);
  drain_command->add_option("server", c.drain.server, "BACKEND/SERVER")->required();
  drain_command->add_flag("--wait", c.drain.wait, "Wait until it has no session left");
  drain_command->add_option("--timeout", c.drain.timeout, "How long to wait, such as 30s")
      ->capture_default_str();
  drain_command->callback([&] { c.code = drain(c.drain); });

  add_decision(app, c, "approve", "Let go what the guard holds", c.approve);
  add_decision(app, c, "reject", "Keep what the guard holds", c.reject);

  auto* exec_command =
      app.add_subcommand("exec", "Send one command to HAProxy's runtime socket, print the reply");
  add_config(*exec_command, c.exec.common);
  add_output(*exec_command, c.exec.common.output);
  exec_command->add_option("command", c.exec.words, "The command, such as 'show info'")
      ->required()
      ->type_name("WORD");
  exec_command->callback([&] { c.code = exec(c.exec); });
}

void add_other_commands(CLI::App& app, choices& c) {
  auto* sql_command =
      app.add_subcommand("sql", "Print the script of tables and triggers, for psql");
  sql_command->add_option("--schema", c.sql.schema, "Schema of the tables")->capture_default_str();
  sql_command->add_option("--channel", c.sql.channel, "Channel of the notifications")
      ->capture_default_str();
  add_output(*sql_command, c.sql.output);
  sql_command->callback([&] { c.code = sql(c.sql); });

  auto* version_command = app.add_subcommand("version", "Print the version");
  add_output(*version_command, c.version.output);
  version_command->callback([&] { c.code = version(c.version); });
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// Says what is wrong with a command line, and who knows better.
int refuse(const CLI::App& app, const CLI::ParseError& why, const std::string& first) {
  std::string who = "switchyard";
  for (const auto* command : app.get_subcommands()) who += " " + command->get_name();
  std::string text = why.what();
  if (!first.starts_with('-') && !first.empty() && app.get_subcommands().empty())
    text = no_such_command(first, commands_of(app));
  else if (first.empty())
    text = "a command is missing";
  std::cerr << who << ": " << harmless(text) << "; `" << who << " --help` shows what there is\n";
  return 2;
}

/// `help COMMAND` is `COMMAND --help`, and `help` alone is `--help`.
std::vector<char*> words_of(int argc, char** argv) {
  static std::array<char, 7> asked{"--help"};
  std::vector<char*> words(argv, argv + argc);
  if (words.size() < 2 || std::string_view(words[1]) != "help") return words;
  words.erase(words.begin() + 1);
  words.push_back(asked.data());
  return words;
}

int dispatch(const std::vector<char*>& words) {
  CLI::App app{"Keeps a standalone HAProxy in step with where you keep your backends."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "switchyard " SWITCHYARD_VERSION, "Print the version");
  choices c;
  add_daemon_commands(app, c);
  add_looking_commands(app, c);
  add_plan_command(app, c);
  add_acting_commands(app, c);
  add_other_commands(app, c);
  try {
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& e) {
    const std::string first = words.size() > 1 ? words[1] : "";
    // Help on a command that there is not is none.
    const bool known = first.starts_with('-') || !app.get_subcommands().empty();
    return known && e.get_exit_code() == 0 ? app.exit(e) : refuse(app, e, first);
  }
  return c.code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    switchyard::providers::rest::run_as_transformer(argc, argv);
    return dispatch(words_of(argc, argv));
  } catch (const std::exception& e) {
    std::cerr << "switchyard: " << switchyard::base::redact(e.what()) << '\n';
    return 1;
  }
}
