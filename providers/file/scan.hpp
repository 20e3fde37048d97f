#pragma once

// One look at the configured path: which files there are, where they really lie, and what to watch.

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "base/outcome.hpp"
#include "providers/file/followed_path.hpp"

namespace switchyard::providers::file {

/// Changes whenever the file is another one or was written; equal for two writes within the
/// file system's clock tick.
struct file_stamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const file_stamp&) const = default;
};

struct found_file {
  std::filesystem::path path;  ///< without links; empty for a link to nothing
  file_stamp stamp;
  std::string fault;  ///< why it cannot be read, when that shows already

  bool operator==(const found_file&) const = default;
};

struct scan_result {
  /// Why the folder, or the single file, is not there; empty when it is.
  std::string missing;
  /// The folder (without links) when the path is one, else empty.
  std::string folder;
  std::map<std::string, found_file> files;  ///< by name
  places to_watch;
};

/// Lists documents and reads none.
scan_result scan(const std::filesystem::path& path);

/// The text of a file as it was found, of at most `most` bytes. errc::not_found: it went meanwhile;
/// errc::conflict: it changed meanwhile, so that the text may be half of it; errc::refused: it is
/// larger.
base::outcome<std::string> read(const found_file& file, std::size_t most);

}  // namespace switchyard::providers::file
