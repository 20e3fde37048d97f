#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <map>

#include "cli/commands.hpp"

namespace {

using namespace switchyard::cli;

void add_config(CLI::App& command, common_options& options) {
  command.add_option("-c,--config", options.config, "Settings file")
      ->envname("SWITCHYARD_CONFIG")
      ->capture_default_str();
}

void add_output(CLI::App& command, common_options& options) {
  static const std::map<std::string, output_format> words{{"text", output_format::text},
                                                          {"json", output_format::json}};
  command.add_option("-o,--output", options.output, "text or json")
      ->transform(CLI::CheckedTransformer(words))
      ->option_text("text|json");
}

int dispatch(int argc, char** argv) {
  CLI::App app{"Keeps a standalone HAProxy in step with where you keep your backends."};
  app.require_subcommand(1);
  common_options common;
  sql_options sql_choice;
  exec_options exec_choice;
  int code = 0;

  auto* run_command = app.add_subcommand("run", "Run the daemon in the foreground");
  add_config(*run_command, common);
  run_command->callback([&] { code = run(common); });

  auto* check_command =
      app.add_subcommand("check", "Check settings, HAProxy, sockets, files and sources");
  add_config(*check_command, common);
  add_output(*check_command, common);
  check_command->callback([&] { code = check(common); });

  auto* doctor_command = app.add_subcommand(
      "doctor", "Check a whole installation and what surrounds it, with the remedies");
  add_config(*doctor_command, common);
  add_output(*doctor_command, common);
  doctor_command->callback([&] { code = doctor(common); });

  auto* exec_command =
      app.add_subcommand("exec", "Send one command to HAProxy's runtime socket, print the reply");
  add_config(*exec_command, exec_choice.common);
  add_output(*exec_command, exec_choice.common);
  exec_command->add_option("command", exec_choice.command, "The command, such as 'show info'")
      ->required();
  exec_command->callback([&] { code = exec(exec_choice); });

  auto* sql_command =
      app.add_subcommand("sql", "Print the script of tables and triggers, for psql");
  sql_command->add_option("--schema", sql_choice.schema, "Schema of the tables")
      ->capture_default_str();
  sql_command->add_option("--channel", sql_choice.channel, "Channel of the notifications")
      ->capture_default_str();
  sql_command->callback([&] { code = sql(sql_choice); });

  auto* version_command = app.add_subcommand("version", "Print the version");
  add_output(*version_command, common);
  version_command->callback([&] { code = version(common); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    app.exit(e);
    return 2;
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "switchyard: " << e.what() << '\n';
    return 1;
  }
}
