#pragma once

// The files of a program as those who read and write them see them: on disk, or in a layer above it
// (haproxy/overlay_files.hpp) where nothing reaches the disk.
//
// Threading: as the implementation; the one on disk has no state.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::base {

class files {
 public:
  virtual ~files() = default;

  /// read_file(), write_file_atomically() and remove_leftovers() of base/atomic_file.hpp.
  virtual outcome<std::string> read(const std::filesystem::path& path, std::size_t limit) = 0;
  virtual status write(const std::filesystem::path& path, std::string_view content) = 0;
  virtual void remove_leftovers(const std::filesystem::path& path) = 0;

  virtual bool exists(const std::filesystem::path& path) = 0;
  /// Nothing happens when there is none.
  virtual void remove(const std::filesystem::path& path) = 0;
  /// Atomically, also over a file that is there. errc::not_found: no `from`; errc::io.
  virtual status rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;

  /// Beside which path a temporary file may be made for another program to check what is to become
  /// `path`.
  virtual std::filesystem::path scratch(const std::filesystem::path& path) const = 0;

 protected:
  files() = default;
  files(const files&) = default;
  files& operator=(const files&) = default;
};

/// Those on disk.
files& files_on_disk();

}  // namespace switchyard::base
