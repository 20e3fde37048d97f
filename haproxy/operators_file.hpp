#pragma once

// A file of the operator's that HAProxy reads when it loads, and whether the running HAProxy has
// another version of it.
//
// Threading: one thread. Reads the disk.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace switchyard::haproxy {

class operators_file {
 public:
  /// HAProxy has just loaded it as it is now.
  void loaded(const std::optional<std::string>& path);
  /// HAProxy was there before us: what changed since `loaded_at` it may not have.
  void met(const std::optional<std::string>& path, std::chrono::system_clock::time_point loaded_at);
  /// Compares.
  void look(const std::optional<std::string>& path);

  /// What was found last.
  bool changed() const { return changed_; }

 private:
  std::size_t print_ = 0;  ///< of the text that was loaded; 0: none, or it is not known
  bool changed_ = false;
};

}  // namespace switchyard::haproxy
