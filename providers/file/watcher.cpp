#include "providers/file/watcher.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace switchyard::providers::file {

namespace {

constexpr std::uint32_t closed_or_moved = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
constexpr std::uint32_t folder_gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;
constexpr std::uint32_t watched = closed_or_moved | IN_ATTRIB | IN_CREATE | IN_MODIFY |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

int new_instance() {
  return ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

change_kind kind_of(std::uint32_t mask) {
  if ((mask & (IN_ISDIR | folder_gone)) != 0) return change_kind::folder;
  if ((mask & closed_or_moved) != 0) return change_kind::written;
  if ((mask & IN_ATTRIB) != 0) return change_kind::altered;
  return (mask & IN_CREATE) != 0 ? change_kind::created : change_kind::writing;
}

}  // namespace

watcher::watcher() : fd_(new_instance()) {}

int watcher::add(const std::string& folder, base::status& result) {
  const int watch = ::inotify_add_watch(fd_.get(), folder.c_str(), watched);
  // A folder that went is seen in the one above it, one that may not be read cannot be helped.
  if (watch < 0 && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
    result = base::error{base::errc::io,
                         "inotify cannot watch " + folder + ": " + std::strerror(errno) +
                             (errno == ENOSPC ? " (raise fs.inotify.max_user_watches)" : "")};
  return watch;
}

base::status watcher::watch(const places& wanted) {
  // One may be free by now.
  if (!fd_) fd_.reset(new_instance());
  if (!fd_)
    return base::error{base::errc::io,
                       "the system has no inotify instance left (fs.inotify.max_user_instances)"};
  base::status result;
  std::map<std::string, int> watches;
  std::map<int, std::string> folders;
  for (const auto& entry : wanted) {
    const int watch = add(entry.first, result);
    if (watch < 0) continue;
    watches[entry.first] = watch;
    folders[watch] = entry.first;
  }
  for (const auto& [watch, folder] : folders_)
    if (!folders.contains(watch)) ::inotify_rm_watch(fd_.get(), watch);
  watches_ = std::move(watches);
  folders_ = std::move(folders);
  return result;
}

void watcher::append(std::vector<change>& changes, int watch, std::uint32_t mask,
                     const char* name) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    changes.push_back({change_kind::overflow, {}, {}});
    return;
  }
  const auto folder = folders_.find(watch);
  if (folder == folders_.end()) return;  // an event of a watch that was given up
  const bool itself = (mask & folder_gone) != 0;
  changes.push_back({kind_of(mask), folder->second, itself ? "" : name});
}

std::vector<change> watcher::take() {
  std::vector<change> changes;
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    const auto size = ::read(fd_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return changes;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event head;
      std::memcpy(&head, buffer.data() + at, sizeof head);
      // The name is padded with NUL bytes and absent for events of the folder itself.
      const char* name = head.len > 0 ? buffer.data() + at + sizeof head : "";
      append(changes, head.wd, head.mask, name);
      at += sizeof head + head.len;
    }
  }
}

}  // namespace switchyard::providers::file
