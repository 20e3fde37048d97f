#pragma once

// Backends and routes from a JSON or YAML document, or from a folder of them, followed by inotify.
//
// A file that is empty, unreadable or no document keeps its last good content; so do a folder and a
// single file that are missing. A file that is taken out of the folder takes its backends along.
// Threading and guarantees: providers/provider.hpp.

#include <string>

#include "config/settings.hpp"
#include "providers/threaded_provider.hpp"

namespace switchyard::providers::file {

class file_provider final : public threaded_provider {
 public:
  /// `name` is that of the entry under `providers:`.
  file_provider(std::string name, config::file_settings settings);
  ~file_provider() override;

  /// errc::not_found: no such file or folder; errc::invalid: a file that is no document.
  base::outcome<model::report> backends() override;
  base::outcome<model::report> backend(const std::string& name) override;

 protected:
  void watch(sink& target) override;

 private:
  std::string name_;
  config::file_settings settings_;
};

}  // namespace switchyard::providers::file
