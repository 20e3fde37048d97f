#pragma once

// The text of a file of ours as we read or wrote it last, by which what somebody else does to the
// file is noticed.
//
// Threading: one thread (the writer's). Touches the disk in look().

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "base/files.hpp"

namespace switchyard::haproxy {

class own_file {
 public:
  /// `files` outlives the object. No file of more than `limit` bytes is read.
  own_file(std::filesystem::path path, base::files& files, std::size_t limit)
      : path_(std::move(path)), files_(files), limit_(limit) {}

  /// This was read or written just now.
  void is(std::string_view text) { text_ = std::hash<std::string_view>()(text); }
  void forget() { text_.reset(); }

  /// Whether a text is another one than ours. None is before the first is().
  bool differs(std::string_view text) const {
    return text_ && std::hash<std::string_view>()(text) != *text_;
  }

  enum class state { ours, edited, removed };
  /// Reads the file only where its time, size or inode is another one than when it was last found
  /// to be ours. What cannot be read is not called another one.
  state look();

 private:
  struct stamp {
    std::uint64_t device, inode;
    std::int64_t size, seconds, nanoseconds;
    bool operator==(const stamp&) const = default;
  };
  std::optional<stamp> now() const;

  std::filesystem::path path_;
  base::files& files_;
  std::size_t limit_;
  std::optional<std::size_t> text_;  ///< hash
  std::optional<stamp> unchanged_;   ///< when the file was last found to be ours
};

}  // namespace switchyard::haproxy
