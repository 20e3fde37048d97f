#pragma once

// A file provider that watches a path in a temporary folder, and what it reported.

#include <string>

#include "providers/file/file_provider.hpp"
#include "tests/providers/recording_sink.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

/// A document with one backend of one server at this port, as JSON and as YAML.
std::string json_document(const std::string& backend, int port = 80);
std::string yaml_document(const std::string& backend, int port = 80);

struct watched_path {
  /// Watches `name` below the folder; "" is the folder itself.
  explicit watched_path(const std::string& name,
                        std::chrono::milliseconds resync = std::chrono::hours(1),
                        std::uint32_t max_bytes = 64U << 20U);

  void start() { provider.start(sink); }
  std::string path(const std::string& name) const { return folder / name; }
  void write(const std::string& name, const std::string& text) const;
  /// Writes a file beside and renames it over.
  void replace(const std::string& name, const std::string& text) const;
  void rename(const std::string& from, const std::string& to) const;
  void make_link(const std::string& to, const std::string& name) const;

  /// "a:80 b:81": the backends of the last report with the port of their first server ("-" when it
  /// has none, "gone" for one that the report removes).
  std::string last() const;
  bool shows(const std::string& expected) const;
  /// The last health is degraded and its reason has this text.
  bool degraded(const std::string& text) const;
  bool live() const;
  std::size_t reports() const { return sink.reports().size(); }
  std::string refusals() const;

  temp_dir folder;
  recording_sink sink;
  providers::file::file_provider provider;
};

std::string summary(const model::report& report);

}  // namespace switchyard::tests
