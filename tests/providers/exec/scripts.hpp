#pragma once

// Commands for tests: shell scripts in a folder of their own.

#include <string>

#include "config/settings.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

struct scripts {
  temp_dir folder;

  /// Settings whose command runs this text by sh; $0 is the folder.
  config::exec_settings settings(const std::string& script) const {
    config::exec_settings result;
    result.command = {"/bin/sh", "-c", script, folder.path().string()};
    result.interval = std::chrono::milliseconds(20);
    return result;
  }
};

}  // namespace switchyard::tests
