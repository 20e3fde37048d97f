#include "cli/preflight.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

#include "cli/checks.hpp"
#include "haproxy/route_table.hpp"

namespace switchyard::cli {

namespace {

base::status errors_of(const findings& found) {
  if (found.sound()) return {};
  return base::error{base::errc::invalid, found.errors()};
}

}  // namespace

std::string user_name(uid_t id) {
  const passwd* entry = ::getpwuid(id);  // NOLINT(concurrency-mt-unsafe): one thread
  return entry != nullptr ? std::string(entry->pw_name) : std::to_string(id);
}

std::string this_user() {
  const auto id = ::geteuid();
  return user_name(id) + " (uid " + std::to_string(id) + ")";
}

std::vector<std::pair<std::string, std::filesystem::path>> own_folders(
    const config::settings& settings) {
  const auto& haproxy = settings.haproxy;
  std::vector<std::pair<std::string, std::filesystem::path>> all{
      {"haproxy.config_file", std::filesystem::path(haproxy.config_file).parent_path()}};
  if (haproxy.mode == config::haproxy_mode::managed) {
    all.emplace_back("haproxy.runtime_socket",
                     std::filesystem::path(haproxy.runtime_socket).parent_path());
    if (haproxy.master_socket)
      all.emplace_back("haproxy.master_socket",
                       std::filesystem::path(*haproxy.master_socket).parent_path());
  }
  all.emplace_back("state_dir", settings.state_dir);
  std::set<std::filesystem::path> seen;
  std::erase_if(all, [&](const auto& entry) { return !seen.insert(entry.second).second; });
  return all;
}

base::status make_folders(const config::settings& settings) {
  for (const auto& [setting, folder] : own_folders(settings)) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed && setting != "state_dir")
      return base::error{base::errc::io, setting + ": the folder " + folder.string() +
                                             " cannot be made: " + failed.message()};
  }
  return {};
}

std::string lock_file(const config::haproxy_settings& settings) {
  return settings.config_file + ".lock";
}

namespace {

/// errc::io: the file cannot be had; errc::conflict: somebody else has its lock.
base::outcome<base::unique_fd> lock(const std::string& path) {
  base::unique_fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!fd) return base::error{base::errc::io, path + ": " + std::strerror(errno)};
  // switchyard_runs() of another process holds it for a moment.
  for (int tries = 0; tries < 20; ++tries) {
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
    if (errno != EWOULDBLOCK)
      return base::error{base::errc::io, path + ": " + std::strerror(errno)};
    ::usleep(5'000);
  }
  return base::error{base::errc::conflict, path + " is locked"};
}

base::error in_use(const std::string& what) {
  return {base::errc::conflict,
          "another switchyard runs on " + what +
              "; end it, or give this one files, sockets and a state_dir of its own"};
}

}  // namespace

base::outcome<file_locks> lock_files(const config::settings& settings) {
  file_locks locks;
  auto files = lock(lock_file(settings.haproxy));
  if (!files && files.error().kind == base::errc::conflict)
    return in_use(settings.haproxy.config_file);
  if (!files) return files.error();
  locks.config_file = std::move(files).value();
  const auto state_lock = (std::filesystem::path(settings.state_dir) / "switchyard.lock").string();
  if (state_lock == lock_file(settings.haproxy)) return locks;
  auto state = lock(state_lock);
  if (state)
    locks.state_dir = std::move(state).value();
  else if (state.error().kind == base::errc::conflict)
    return in_use("the state_dir " + settings.state_dir);
  return locks;
}

bool switchyard_runs(const config::haproxy_settings& settings) {
  // A shared lock, which disturbs another look as little as can be.
  const base::unique_fd fd(::open(lock_file(settings).c_str(), O_RDONLY | O_CLOEXEC));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

base::status preflight(const config::settings& settings) {
  findings found;
  const bool usable_binary = check_binary(settings.haproxy, found);
  check_files(settings, found);
  if (!found.sound()) return errors_of(found);
  if (auto made = make_folders(settings); !made) return made;
  // A base_file may name the map as well.
  haproxy::route_table routes(haproxy::map_beside(settings.haproxy.config_file));
  if (auto readable = routes.load(); !readable) return readable;
  if (settings.haproxy.mode != config::haproxy_mode::managed || haproxy_runs(settings.haproxy))
    return {};
  check_none_left(settings.haproxy, found);
  if (haproxy_runs(settings.haproxy)) return errors_of(found);
  check_binds(settings, found);
  if (found.sound()) check_configuration(settings, usable_binary, found);
  return errors_of(found);
}

}  // namespace switchyard::cli
