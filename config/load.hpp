#pragma once

// From the operator's YAML file (and SWITCHYARD_ environment variables) to typed settings.
//
// Reading touches the file itself and the `*_file` secrets it names, nothing else; whether sockets,
// sources and HAProxy work is checked by cli/check. Threading: none.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "config/settings.hpp"

namespace switchyard::config {

using environment = std::map<std::string, std::string>;

/// The SWITCHYARD_ variables of this process.
environment switchyard_environment();

/// Reads settings from YAML text. Every problem is reported, one a line, as
/// "file:line:column: pointer: what and how to mend it" (errc::invalid).
///
/// A variable SWITCHYARD_A__B overrides the key a.b (upper case, two underscores between levels,
/// one for '-'); an entry of a list is named by its `name`: SWITCHYARD_PROVIDERS__MAIN_DB__DSN.
/// Its value is read as YAML. A variable that names no setting is a problem too
/// (SWITCHYARD_CONFIG, the settings file's path, excepted).
base::outcome<settings> parse(std::string_view text, const std::string& file,
                              const environment& variables);

/// Reads the file and parses it. errc::not_found, errc::io, errc::invalid.
base::outcome<settings> load(const std::filesystem::path& file, const environment& variables);

/// Where the API is, for those who ask it and need nothing else of the settings.
struct api_reading {
  api_settings api;
  std::optional<base::error> unread;  ///< why `api` has the defaults and variables alone
};

/// Reads the section `api` alone: what is wrong with any other, or cannot be read (a secret's
/// file), is no matter. `token` is not set where its file cannot be read either. `unread` as load()
/// and parse() say.
api_reading load_api(const std::filesystem::path& file, const environment& variables);

}  // namespace switchyard::config
