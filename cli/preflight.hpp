#pragma once

// What `run` does before the daemon starts, and what it shares with the checks of an installation.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"

namespace switchyard::cli {

/// "root (uid 0)": who this process is.
std::string this_user();
/// The name of a user, or its number where it has none.
std::string user_name(uid_t id);

/// The folders of what switchyard or its HAProxy makes, each once with the first setting that needs
/// it.
std::vector<std::pair<std::string, std::filesystem::path>> own_folders(
    const config::settings& settings);

/// Makes the folders that are not there. state_dir is made where it can be.
base::status make_folders(const config::settings& settings);

/// The file whose lock keeps a second switchyard off config_file. Its owner is who ran switchyard
/// last.
std::string lock_file(const config::haproxy_settings& settings);

/// They are held by their descriptors.
struct file_locks {
  base::unique_fd config_file;
  base::unique_fd state_dir;  ///< invalid where that folder cannot be used: nothing is kept then
};

/// Keeps a second switchyard off the same files: locks on `<config_file>.lock` and
/// `<state_dir>/switchyard.lock`. errc::conflict: somebody has one of them.
base::outcome<file_locks> lock_files(const config::settings& settings);

/// Whether a switchyard runs on these files now: the lock is held. Makes nothing.
bool switchyard_runs(const config::haproxy_settings& settings);

/// All that can be known to fail before anything is touched, with the remedies; then the folders
/// are made.
base::status preflight(const config::settings& settings);

}  // namespace switchyard::cli
