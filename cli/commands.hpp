#pragma once

// One function per subcommand. Each returns the process's exit code: 0 ok, 1 failure, 2 usage,
// 3 differences (plan).

#include <string>
#include <vector>

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
  output_format output = output_format::text;
};

struct exec_options {
  common_options common;
  std::vector<std::string> words;  ///< of the command, which may be in quotes as a whole
};

/// Commands that ask a running switchyard.
struct client_options {
  common_options common;
  std::string api;         ///< --api; "": where the settings say
  std::string token_file;  ///< --token-file; "": the settings' token
};

struct backends_options {
  client_options client;
  std::string name;      ///< one backend, or a pattern with * ? [ ]; "" for all
  std::string provider;  ///< only those of this provider; "" for all
  std::string state;     ///< only those that have a server in this state; "" for all
};

struct watch_options {
  client_options client;
  std::string backend, provider, kind;  ///< only those; "" for all
  unsigned last = 0;                    ///< so many of the last ones first
};

struct drain_options {
  client_options client;
  std::string server;  ///< BACKEND/SERVER
  bool wait = false;   ///< until it has no session
  std::string timeout = "5m";
};

struct decide_options {
  client_options client;
  bool approve = true;  ///< else reject
  std::string id;       ///< the hold's number; "" and not all: the holds are shown
  bool all = false;
};

struct plan_options {
  client_options client;  ///< with an API the running switchyard is asked, else nobody
  std::string file;       ///< a document; "-": the standard input; "": the sources alone
  bool whole = false;     ///< the document is all that is desired
};

/// The daemon: runs until SIGTERM or SIGINT; SIGHUP re-reads the settings.
int run(const common_options& options);
/// Checks settings, HAProxy, sockets, files and sources; one line each, with the remedy.
int check(const common_options& options);
/// Checks all that, and what surrounds the installation.
int doctor(const common_options& options);
/// Sends one raw command to HAProxy's runtime socket and prints the reply. Needs no daemon.
int exec(const exec_options& options);
/// What a running switchyard knows of itself.
int status(const client_options& options);
/// All backends as a table, or one with desired and actual side by side.
int backends(const backends_options& options);
/// Changes as they happen, until it is interrupted.
int watch(const watch_options& options);
/// Drains one server that the memory provider has; anything else is refused with its owner.
int drain(const drain_options& options);
/// Lets go what the guard holds, or keeps it; shows the holds when none is named.
int decide(const decide_options& options);
/// Prints the script that makes the tables, checks and triggers in PostgreSQL.
int sql(const sql_options& options);
/// Prints what would change if the sources' present state, or a document, were applied. Asks the
/// running switchyard where its API is named, else the sources and HAProxy.
int plan(const plan_options& options);
/// Prints the version.
int version(const common_options& options);

}  // namespace switchyard::cli
