#pragma once

// Files that are either the old or the new one, whatever happens in between.

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::base {

/// Replaces `path` by `content`: temporary file beside it, fsync, rename, fsync of the folder.
/// The mode is `mode` for a new file and kept for an existing one. errc::io names path and cause;
/// on failure the old file stands as it was and no temporary file is left. But for the last step:
/// when the folder cannot be synced the new file is in place, and the error says so.
status write_file_atomically(const std::filesystem::path& path, std::string_view content,
                             mode_t mode = 0640);

/// The template for mkstemp() by which temporary files beside `target` are named.
std::string temporary_beside(const std::filesystem::path& target);

/// Removes temporary files of that name, which a killed process has left. Only for who knows that
/// nobody else is writing `path` just now.
void remove_leftovers(const std::filesystem::path& path);

/// Reads a whole file. errc::not_found; errc::invalid past `limit` bytes; errc::io else.
outcome<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 64U << 20);

/// Reads a secret (a password, a token): the file's content without the line's end. Errors as
/// read_file(); at most 64 kB.
outcome<std::string> read_secret(const std::filesystem::path& path);

}  // namespace switchyard::base
