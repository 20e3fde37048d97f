#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/fd.hpp"

namespace switchyard::base {

namespace {

error io_error(const std::filesystem::path& path, const char* action) {
  return {errc::io, path.string() + ": " + action + ": " + std::strerror(errno)};
}

constexpr std::string_view unique_part = "XXXXXX";  // mkstemp() fills it

/// What a temporary file's name begins with. The leading dot hides it from whoever watches the
/// folder for files.
std::string temporary_start(const std::filesystem::path& target) {
  return "." + target.filename().string() + ".tmp-";
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Removes the file it names unless it was kept.
class temporary_file {
 public:
  explicit temporary_file(const std::filesystem::path& target) {
    path_ = temporary_beside(target);
    fd_.reset(::mkostemp(path_.data(), O_CLOEXEC));
  }
  ~temporary_file() {
    if (fd_ && !kept_) ::unlink(path_.c_str());
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  unique_fd fd_;
  bool kept_ = false;
};

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const auto n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Mode and, as far as we may, owner of an existing file; `mode` for a new one.
bool set_mode(int fd, const std::filesystem::path& target, mode_t mode) {
  struct stat old {};
  if (::stat(target.c_str(), &old) == 0 && S_ISREG(old.st_mode)) {
    mode = old.st_mode & 07777;
    // Without the right to give files away the file is ours from now on.
    [[maybe_unused]] const int ignored = ::fchown(fd, old.st_uid, old.st_gid);
  }
  return ::fchmod(fd, mode) == 0;
}

}  // namespace

std::string temporary_beside(const std::filesystem::path& target) {
  return (target.parent_path() / (temporary_start(target) += unique_part)).string();
}

status write_file_atomically(const std::filesystem::path& path, std::string_view content,
                             mode_t mode) {
  if (!path.has_filename()) return error{errc::io, path.string() + ": names no file"};
  // Opened first: what can fail shall fail before the rename.
  const auto folder = folder_of(path);
  const unique_fd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd) return io_error(folder, "open");

  temporary_file temporary(path);
  if (temporary.fd() < 0) return io_error(path, "create a temporary file beside it");
  if (!write_all(temporary.fd(), content)) return io_error(path, "write");
  if (!set_mode(temporary.fd(), path, mode)) return io_error(path, "set its mode");
  if (::fsync(temporary.fd()) != 0) return io_error(path, "fsync");
  if (::rename(temporary.path().c_str(), path.c_str()) != 0) return io_error(path, "replace");
  temporary.keep();
  // Some file systems cannot sync a folder and say EINVAL; the content is in place all the same.
  if (::fsync(folder_fd.get()) != 0 && errno != EINVAL)
    return io_error(path,
                    "the new content is in place, but may be lost if the machine stops now: "
                    "fsync of its folder");
  return {};
}

void remove_leftovers(const std::filesystem::path& path) {
  const auto start = temporary_start(path);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(path), ignored)) {
    const auto name = entry.path().filename().string();
    if (name.size() == start.size() + unique_part.size() && name.starts_with(start) &&
        entry.is_regular_file(ignored))
      std::filesystem::remove(entry.path(), ignored);
  }
}

outcome<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  // O_NONBLOCK: opening a FIFO that nobody writes would wait for ever.
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && (errno == ENOENT || errno == ENOTDIR))
    return error{errc::not_found, path.string() + ": no such file"};
  if (!fd) return io_error(path, "open");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return io_error(path, "stat");
  if (!S_ISREG(info.st_mode)) return error{errc::io, path.string() + ": is no regular file"};

  std::string content;
  // The size is a hint only: files in /proc say 0.
  content.reserve(std::min(limit, static_cast<std::size_t>(info.st_size)));
  std::array<char, 65536> buffer;
  for (;;) {
    const auto n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "read");
    if (n == 0) return content;
    if (static_cast<std::size_t>(n) > limit - content.size())
      return error{errc::invalid,
                   path.string() + ": is larger than " + std::to_string(limit) + " bytes"};
    content.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

outcome<std::string> read_secret(const std::filesystem::path& path) {
  constexpr std::size_t longest_secret = 64U << 10U;
  auto text = read_file(path, longest_secret);
  while (text && (text->ends_with('\n') || text->ends_with('\r'))) text->pop_back();
  return text;
}

}  // namespace switchyard::base
