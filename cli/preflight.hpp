#pragma once

// What must hold before the daemon starts: looked at by `run`, which stops at the first failure,
// and by `check`, which shows all of them.

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"

namespace switchyard::cli {

/// The HAProxy binary runs and is of a supported version; the version's text. "none" when the
/// settings name no binary (attached mode).
base::outcome<std::string> haproxy_version(const config::haproxy_settings& settings);

/// config_file can be replaced and is ours or absent, and in managed mode the sockets can be made:
/// their folders, or the nearest ones above that exist, are ours to write. Makes nothing.
base::status files_usable(const config::haproxy_settings& settings);

/// Makes the folders of files_usable().
base::status make_folders(const config::haproxy_settings& settings);

/// Keeps a second switchyard off the same files: a lock on `<config_file>.lock`, held by the
/// descriptor. errc::conflict: somebody has it.
base::outcome<base::unique_fd> lock_files(const config::haproxy_settings& settings);

/// Attached mode without a master socket: pid_file names a running HAProxy.
base::status pid_file_usable(const config::haproxy_settings& settings);

/// server_ca_file can be read by this user and holds a certificate; nothing to say when it is not
/// set.
base::status ca_file_usable(const config::haproxy_settings& settings);

/// HAProxy takes base_file and what the settings' frontends make. The file itself stays as it is.
base::status configuration_accepted(const config::settings& settings);

/// Whether an HAProxy answers on the master socket already (managed mode adopts it).
bool haproxy_runs(const config::haproxy_settings& settings);

/// The addresses of the frontends are free. Only meaningful while no HAProxy of ours runs.
base::status binds_free(const config::settings& settings);

/// The API could listen on its address, and its certificate and key can be used. Only meaningful
/// while no switchyard of ours runs.
base::status api_usable(const config::api_settings& settings);

}  // namespace switchyard::cli
