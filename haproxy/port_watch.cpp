#include "haproxy/port_watch.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/fd.hpp"
#include "base/net.hpp"
#include "base/text.hpp"
#include "haproxy/program.hpp"
#include "haproxy/reply_text.hpp"

namespace switchyard::haproxy {

namespace {

struct close_folder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using open_folder = std::unique_ptr<DIR, close_folder>;

std::string proc_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

/// The inode in what a descriptor's link says: "socket:[4711]".
std::optional<inode> socket_in(std::string_view link) {
  constexpr std::string_view start = "socket:[";
  inode found = 0;
  if (!link.starts_with(start) || !link.ends_with(']')) return std::nullopt;
  link.remove_prefix(start.size());
  link.remove_suffix(1);
  if (!read_number(link, found)) return std::nullopt;
  return found;
}

/// errno, 0 when all could be read. A descriptor that is closed meanwhile is none.
int add_sockets(pid_t pid, std::set<inode>& into) {
  const open_folder folder(::opendir((proc_of(pid) + "/fd").c_str()));
  if (!folder) return errno;
  std::array<char, 64> link{};
  errno = 0;
  while (const auto* const entry = ::readdir(folder.get())) {
    const auto size = ::readlinkat(::dirfd(folder.get()), entry->d_name, link.data(), link.size());
    if (size < 0 && errno != EINVAL && errno != ENOENT) return errno;
    if (size > 0)
      if (const auto socket = socket_in({link.data(), static_cast<std::size_t>(size)}))
        into.insert(*socket);
    errno = 0;
  }
  return errno;
}

bool is_gone(int cause) {
  return cause == ENOENT || cause == ESRCH;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  std::error_code unreadable;
  for (std::filesystem::directory_iterator at("/proc", unreadable), end; at != end && !unreadable;
       at.increment(unreadable))
    if (pid_t pid = 0; read_number(at->path().filename().string(), pid)) found.push_back(pid);
  return found;
}

void add_listeners(const std::string& path, std::vector<listening_socket>& into) {
  const base::unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return;
  listener_table table;
  std::array<char, 16384> bytes{};
  for (;;) {
    const auto n = ::read(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || !table.feed({bytes.data(), static_cast<std::size_t>(n)})) break;
  }
  into.insert(into.end(), table.found().begin(), table.found().end());
}

std::set<inode> inodes_of(const std::vector<listening_socket>& sockets) {
  std::set<inode> found;
  for (const auto& s : sockets) found.insert(s.inode);
  return found;
}

}  // namespace

haproxy_processes processes_of(const config::haproxy_settings& settings, pid_t master,
                               pid_t worker) {
  const bool has_master =
      settings.mode == config::haproxy_mode::managed || settings.master_socket.has_value();
  if (!is_haproxy(worker, settings.binary) || (has_master && master == 0)) return {};
  if (master != 0 && parent_of(worker) != master) return {};
  return {master, worker};
}

std::vector<listening_socket> listeners_of(pid_t pid) {
  std::vector<listening_socket> found;
  for (const auto* const table : {"/net/tcp", "/net/tcp6"})
    add_listeners(proc_of(pid) + table, found);
  return found;
}

std::optional<std::set<inode>> sockets_of(const haproxy_processes& ours) {
  std::set<inode> found;
  if (ours.worker == 0 || add_sockets(ours.worker, found) != 0) return std::nullopt;
  if (ours.master == 0) return found;
  if (add_sockets(ours.master, found) != 0) return std::nullopt;
  for (const auto pid : all_processes()) {
    if (parent_of(pid) != ours.master) continue;
    if (const auto cause = add_sockets(pid, found); cause != 0 && !is_gone(cause))
      return std::nullopt;
  }
  return found;
}

std::string holder_of(inode socket) {
  for (const auto pid : all_processes()) {
    std::set<inode> has;
    add_sockets(pid, has);
    if (!has.contains(socket)) continue;
    const auto name = base::read_file(proc_of(pid) + "/comm");
    return (name ? name->substr(0, name->find('\n')) + ", " : "") + "process " +
           std::to_string(pid);
  }
  return "one that cannot be seen from here";
}

bool port_watch::due(time_point now) const {
  const auto pause = strange_.empty() ? usual_pause : suspicious_pause;
  return !looked_ || now >= *looked_ + pause;
}

std::optional<std::vector<listening_socket>> port_watch::look(
    const std::vector<listening_socket>& all, const ask& asked) {
  const auto listed = inodes_of(all);
  std::erase_if(ours_, [&](inode i) { return !listed.contains(i); });
  auto others = beside(all, ours_);
  const bool known = asked_ && std::ranges::all_of(others, [this](const auto& s) {
                       return certain_.contains(s.inode);
                     });
  if (!known) {
    auto own = asked();
    if (!own) return std::nullopt;
    asked_ = true;
    std::erase_if(*own, [&](inode i) { return !listed.contains(i); });
    ours_ = *std::move(own);
    others = beside(all, ours_);
  }
  const auto before = std::exchange(strange_, inodes_of(others));
  std::erase_if(others, [&](const auto& s) { return !before.contains(s.inode); });
  std::ranges::sort(others, {}, &listening_socket::inode);
  certain_ = inodes_of(others);
  return others;
}

std::string shared_ports(const std::vector<listening_socket>& others,
                         const std::function<std::string(inode)>& holder) {
  if (others.empty()) return "";
  std::set<std::string> addresses;
  for (const auto& s : others) addresses.insert(base::to_string(s.address));
  auto text = "another program (" + holder(others.front().inode) + ") listens on " +
              *addresses.begin() + " too";
  if (addresses.size() > 1)
    text += ", and on " + base::counted(addresses.size() - 1, "other address") + " of HAProxy's";
  return text +
         ": unless it is bound to another network interface, Linux gives it a part of the new "
         "connections there, and it follows no changes; end it";
}

}  // namespace switchyard::haproxy
