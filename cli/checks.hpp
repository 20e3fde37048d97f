#pragma once

// What can be wrong with an installation: one function each, used by `check` and `doctor`, which
// show everything, and by `run`, which does not start where there is an error.
//
// A check adds what it finds and goes on; it needs nothing of another one, changes nothing and
// makes nothing. Those that ask somebody (HAProxy, a source) have deadlines. Threading: the main
// thread.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/findings.hpp"
#include "config/settings.hpp"
#include "model/event.hpp"

namespace switchyard::cli {

// -- settings and files

/// The settings, or nothing when there are none to go on with.
std::optional<config::settings> check_settings(const common_options& options, findings& found);
/// config_file is ours or absent, and what `run` writes can be made: the folders, or the nearest
/// ones above that exist, are this user's to write.
void check_files(const config::settings& settings, findings& found);
/// base_file can be read.
void check_base_file(const config::haproxy_settings& settings, findings& found);
/// server_ca_file can be read and holds a certificate.
void check_authorities(const config::haproxy_settings& settings, findings& found);
/// What binds name under `certificates` is there and whole.
void check_certificates(const config::settings& settings, findings& found);

// -- HAProxy

/// The program runs and is of a supported version, where the settings name one. Whether it does.
bool check_binary(const config::haproxy_settings& settings, findings& found);
/// HAProxy's version is one that works, and one of those that are tested.
void check_version(const std::string& subject, const std::string& version, findings& found);
/// HAProxy takes base_file and what the settings' frontends make; without a `usable_binary` the
/// file is looked at alone.
void check_configuration(const config::settings& settings, bool usable_binary, findings& found);
/// Managed mode, with no HAProxy behind our master socket: none of an earlier run is left.
void check_none_left(const config::haproxy_settings& settings, findings& found);
/// A running HAProxy (or attached mode, where one must run): its sockets answer and have the level
/// that is needed, it reads our file, pid_file names it.
void check_sockets(const config::haproxy_settings& settings, findings& found);

/// Whether an HAProxy answers on the master socket already (managed mode adopts it).
bool haproxy_runs(const config::haproxy_settings& settings);

// -- addresses

/// Every address of the frontends is free, or the running HAProxy's own.
void check_binds(const config::settings& settings, findings& found);
/// Nobody else listens on the running HAProxy's addresses.
void check_ports(const config::haproxy_settings& settings, findings& found);
/// api.listen is free, or a running switchyard's own.
void check_api(const config::settings& settings, findings& found);

// -- sources

/// What the sources have, for check_targets().
struct source_view {
  bool complete = true;  ///< every source could be read
  std::map<std::string, model::proxy_mode> backends;
  std::vector<model::route> routes;
};
/// Every provider can be read, as a whole and one backend alone; with `thorough`, what else its
/// driver knows to ask (providers/provider.hpp, diagnose()).
source_view check_providers(const config::settings& settings, bool thorough, findings& found);
/// Routes and default_backend lead to backends that are there and of their mode.
void check_targets(const config::settings& settings, const source_view& sources, findings& found);

// -- what surrounds it (doctor)

/// Whether a switchyard runs on these files, and what it is not content with.
void check_daemon(const common_options& options, const config::settings& settings, findings& found);
/// Who runs these checks, and who runs the daemon.
void check_user(const config::settings& settings, findings& found);
/// Files with secrets are nobody else's to read.
void check_secrets(const common_options& options, const config::settings& settings,
                   findings& found);
/// What the operator's own configuration lacks.
void check_directives(const config::settings& settings, const source_view& sources,
                      findings& found);
/// Open files against what HAProxy's maxconn needs.
void check_limits(const config::haproxy_settings& settings, findings& found);

}  // namespace switchyard::cli
