#pragma once

// A file system of a few hundred kilobytes, which can be full, or read-only, when a test says so.

#include <cstddef>
#include <string>

#include "tests/support/support.hpp"

namespace switchyard::tests {

/// Gives this process a mount namespace of its own, in which small_disk works; nobody else sees
/// what is mounted. Called before the process has threads. "", or why it cannot be had.
const std::string& enter_private_mounts();

class small_disk {
 public:
  small_disk();
  ~small_disk();
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  std::string path() const { return folder_.path().string(); }

  /// Takes all room but for this many bytes (whole pages), and gives it back.
  void fill(std::size_t left = 0);
  void make_room();
  /// For all files that are opened from now on.
  void make_read_only();
  void make_writable();

 private:
  std::string filler() const { return folder_ / "filler"; }

  temp_dir folder_;
  bool read_only_ = false;
};

}  // namespace switchyard::tests
