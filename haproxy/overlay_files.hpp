#pragma once

// Files in memory above those on disk: what is written stays in the layer, and nothing reaches the
// disk. Threading: one thread.

#include <map>
#include <optional>
#include <string>

#include "base/files.hpp"

namespace switchyard::haproxy {

class overlay_files final : public base::files {
 public:
  base::outcome<std::string> read(const std::filesystem::path& path, std::size_t limit) override;
  base::status write(const std::filesystem::path& path, std::string_view content) override;
  void remove_leftovers(const std::filesystem::path& /*path*/) override {}
  bool exists(const std::filesystem::path& path) override;
  void remove(const std::filesystem::path& path) override;
  base::status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  /// In the system's folder for temporary files: the only ones that a preview makes.
  std::filesystem::path scratch(const std::filesystem::path& path) const override;

  /// The text that would be in the file; nothing when nobody would have touched it, or it would be
  /// gone.
  std::optional<std::string> text(const std::filesystem::path& path) const;

 private:
  std::map<std::filesystem::path, std::optional<std::string>> layer_;  // nothing: removed
};

}  // namespace switchyard::haproxy
