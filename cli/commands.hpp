#pragma once

// One function per subcommand. Each returns the process's exit code: 0 ok, 1 failure, 2 usage.

#include <string>

namespace switchyard::cli {

enum class output_format { text, json };

/// What all subcommands that need settings share.
struct common_options {
  std::string config = "/etc/switchyard/switchyard.yaml";
  output_format output = output_format::text;
};

struct sql_options {
  std::string schema = "public";
  std::string channel = "switchyard";
};

struct exec_options {
  common_options common;
  std::string command;
};

/// The daemon: runs until SIGTERM or SIGINT; SIGHUP re-reads the settings.
int run(const common_options& options);
/// Checks settings, HAProxy, sockets, files and sources; one line each, with the remedy.
int check(const common_options& options);
/// Checks all that, and what surrounds the installation.
int doctor(const common_options& options);
/// Sends one raw command to HAProxy's runtime socket and prints the reply. Needs no daemon.
int exec(const exec_options& options);
/// Prints the script that makes the tables, checks and triggers in PostgreSQL.
int sql(const sql_options& options);
/// Prints the version.
int version(const common_options& options);

}  // namespace switchyard::cli
