#pragma once

// switchyard as users type it, and an installation on the file provider to type it at.

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/subprocess.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

/// Runs `switchyard ARGUMENTS` to its end, with nothing but these variables and a PATH.
base::finished switchyard(const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& variables = {});

/// The same with `-o json`, read.
nlohmann::json switchyard_json(std::vector<std::string> arguments,
                               const std::map<std::string, std::string>& variables = {});

/// A folder with settings on the file provider.
struct files {
  temp_dir folder;
  http_upstream one{"srv1"}, two{"srv2"};
  std::uint16_t port = free_port();
  std::uint16_t api = free_port();

  files();

  /// The settings with these lines at their end.
  std::string settings(const std::string& more) const;
  static std::string backends(const std::vector<const http_upstream*>& servers);
  /// Writes the settings with this as the first entry under providers:.
  void use_provider(const std::string& entry) const;

  std::string config() const { return folder / "switchyard.yaml"; }
  std::string log() const { return read_text(folder.path() / "log"); }
  bool logged(std::string_view text) const;
  std::unique_ptr<background_process> run() const;
  bool answered_by(const std::string& name, bool alone = true) const;
};

}  // namespace switchyard::tests
