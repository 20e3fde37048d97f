#include "tests/faults/small_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

namespace switchyard::tests {

namespace {

constexpr std::size_t page = 4096;

void require(int result, const char* what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), what);
}

std::string reason(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

/// For who is not root: root of a user namespace of one.
bool become_root_of_my_own() {
  const auto uid = std::to_string(::getuid());
  const auto gid = std::to_string(::getgid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", "0 " + uid + " 1");
  write_text("/proc/self/gid_map", "0 " + gid + " 1");
  return true;
}

std::string enter() {
  if (::unshare(CLONE_NEWNS) != 0 && (errno != EPERM || !become_root_of_my_own()))
    return reason("no mount namespace can be had");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return reason("mounts cannot be made private");
  const temp_dir probe;
  if (::mount("tmpfs", probe.path().c_str(), "tmpfs", 0, "size=64k") != 0)
    return reason("no tmpfs can be mounted");
  ::umount2(probe.path().c_str(), MNT_DETACH);
  return "";
}

}  // namespace

const std::string& enter_private_mounts() {
  static const std::string why_not = enter();
  return why_not;
}

small_disk::small_disk() {
  require(::mount("tmpfs", path().c_str(), "tmpfs", 0, "size=512k,mode=0755"), "mount tmpfs");
}

small_disk::~small_disk() {
  if (read_only_) ::umount2(path().c_str(), MNT_DETACH);
  ::umount2(path().c_str(), MNT_DETACH);
}

void small_disk::fill(std::size_t left) {
  const base::unique_fd fd(::open(filler().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::vector<char> bytes(page, 'x');
  off_t size = 0;
  for (ssize_t n = 0; (n = ::write(fd.get(), bytes.data(), bytes.size())) > 0;) size += n;
  if (errno != ENOSPC) throw std::system_error(errno, std::generic_category(), "fill");
  require(::ftruncate(fd.get(), size - static_cast<off_t>(left)), "ftruncate");
}

void small_disk::make_room() {
  std::filesystem::remove(filler());
}

// A mount of its own on top: the one below has files that are open for writing, such as the lock.
void small_disk::make_read_only() {
  require(::mount(path().c_str(), path().c_str(), nullptr, MS_BIND, nullptr), "mount --bind");
  read_only_ = true;
  require(::mount(nullptr, path().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
          "mount -o remount,ro");
}

void small_disk::make_writable() {
  require(::umount2(path().c_str(), MNT_DETACH), "umount");
  read_only_ = false;
}

}  // namespace switchyard::tests
