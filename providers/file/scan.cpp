#include "providers/file/scan.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/atomic_file.hpp"
#include "providers/file/changes.hpp"
#include "providers/quota_sink.hpp"

namespace switchyard::providers::file {

namespace {

namespace fs = std::filesystem;

void add_places(places& into, const places& more) {
  for (const auto& [folder, names] : more) into[folder].insert(names.begin(), names.end());
}

/// A file that has been followed to `path`; nothing to read in it when it is no regular one.
found_file inspect(const fs::path& path) {
  found_file file{path, {}, {}};
  if (path.empty()) {
    file.fault = "is a link to nothing";
    return file;
  }
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) {
    file.fault = std::strerror(errno);
    return file;
  }
  // Opening a FIFO would wait for its writer.
  if (!S_ISREG(st.st_mode)) file.fault = "is no regular file";
  file.stamp = {st.st_dev, st.st_ino, st.st_size,
                std::int64_t{st.st_ctim.tv_sec} * 1'000'000'000 + st.st_ctim.tv_nsec};
  return file;
}

void scan_folder(const fs::path& folder, scan_result& into) {
  std::error_code failed;
  into.folder = folder;
  into.to_watch[folder];
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const auto name = at->path().filename().string();
    if (!is_document_name(name)) continue;
    std::error_code gone;
    auto target = at->path();
    if (at->symlink_status(gone).type() == fs::file_type::symlink) {
      const auto followed = follow(target);
      add_places(into.to_watch, followed.on_the_way);
      target = followed.target;
    }
    if (fs::is_directory(target, gone)) continue;
    into.files.emplace(name, inspect(target));
  }
  if (failed) into.missing = "cannot be listed: " + failed.message();
}

}  // namespace

scan_result scan(const fs::path& path) {
  scan_result result;
  auto followed = follow(path);
  result.to_watch = std::move(followed.on_the_way);
  std::error_code failed;
  if (followed.target.empty()) {
    result.missing = "is not there";
  } else if (fs::is_directory(followed.target, failed)) {
    scan_folder(followed.target, result);
  } else if (const auto name = path.filename().string(); is_document_name(name)) {
    result.files.emplace(name, inspect(followed.target));
  } else {
    result.missing = "must be a folder, or a file whose name ends in .json, .yaml or .yml";
  }
  return result;
}

base::outcome<std::string> read(const found_file& file, std::size_t most) {
  if (!file.fault.empty()) return base::error{base::errc::io, file.fault};
  auto text = base::read_file(file.path, most);
  if (!text && text.error().kind == base::errc::invalid) return too_many_bytes(most);
  // A file that is cut while it is read just ends early.
  if (text && inspect(file.path) != file)
    return base::error{base::errc::conflict, "changed while it was read"};
  return text;
}

}  // namespace switchyard::providers::file
