#include "base/files.hpp"

#include <system_error>

#include "base/atomic_file.hpp"

namespace switchyard::base {

namespace {

class on_disk final : public files {
 public:
  outcome<std::string> read(const std::filesystem::path& path, std::size_t limit) override {
    return read_file(path, limit);
  }
  status write(const std::filesystem::path& path, std::string_view content) override {
    return write_file_atomically(path, content);
  }
  void remove_leftovers(const std::filesystem::path& path) override {
    base::remove_leftovers(path);
  }
  bool exists(const std::filesystem::path& path) override {
    std::error_code unknown;
    return std::filesystem::exists(path, unknown);
  }
  void remove(const std::filesystem::path& path) override {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    std::error_code failed;
    std::filesystem::rename(from, to, failed);
    if (!failed) return {};
    const bool none = failed == std::errc::no_such_file_or_directory;
    return error{none ? errc::not_found : errc::io, from.string() + ": " + failed.message()};
  }
  std::filesystem::path scratch(const std::filesystem::path& path) const override { return path; }
};

}  // namespace

files& files_on_disk() {
  static on_disk disk;  // it has no state
  return disk;
}

}  // namespace switchyard::base
