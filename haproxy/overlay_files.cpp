#include "haproxy/overlay_files.hpp"

#include <limits>
#include <utility>

namespace switchyard::haproxy {

using base::errc;
using base::error;
using base::outcome;
using base::status;

outcome<std::string> overlay_files::read(const std::filesystem::path& path, std::size_t limit) {
  const auto found = layer_.find(path);
  if (found == layer_.end()) return base::files_on_disk().read(path, limit);
  if (!found->second) return error{errc::not_found, path.string() + ": no such file"};
  return *found->second;
}

status overlay_files::write(const std::filesystem::path& path, std::string_view content) {
  layer_.insert_or_assign(path, std::string(content));
  return {};
}

bool overlay_files::exists(const std::filesystem::path& path) {
  const auto found = layer_.find(path);
  return found == layer_.end() ? base::files_on_disk().exists(path) : found->second.has_value();
}

void overlay_files::remove(const std::filesystem::path& path) {
  layer_.insert_or_assign(path, std::nullopt);
}

status overlay_files::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  auto text = read(from, std::numeric_limits<std::size_t>::max());
  if (!text) return text.error();
  layer_.insert_or_assign(to, std::move(text).value());
  remove(from);
  return {};
}

std::filesystem::path overlay_files::scratch(const std::filesystem::path& path) const {
  std::error_code none;
  const auto folder = std::filesystem::temp_directory_path(none);
  return (none ? std::filesystem::path("/tmp") : folder) / path.filename();
}

std::optional<std::string> overlay_files::text(const std::filesystem::path& path) const {
  const auto found = layer_.find(path);
  return found == layer_.end() ? std::nullopt : found->second;
}

}  // namespace switchyard::haproxy
