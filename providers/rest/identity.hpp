#pragma once

// Who we are to a source: header fields, tokens and passwords, from their files.
//
// Threading: none.

#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "config/settings.hpp"

namespace switchyard::providers::rest {

struct identity {
  std::vector<std::string> fields;  ///< "Name: value", as libcurl takes them
  std::string bearer;
  std::string user;
  std::string password;
  std::vector<std::string> secrets;  ///< what of it must not be shown
};

/// Reads every file anew: they may have changed. errc::invalid names the setting and the file,
/// never what is in it.
base::outcome<identity> read_identity(const config::rest_settings& settings);

}  // namespace switchyard::providers::rest
