#pragma once

// A source's password, kept in a file of its own. Read at each connection, so that a rotated one
// is used from the next connection on.
//
// Threading: free function.

#include <optional>
#include <string>

#include "base/outcome.hpp"

namespace switchyard::providers {

/// What the setting password_file names, without the line's end; nothing when it names no file.
/// errc::invalid: it cannot be read.
base::outcome<std::optional<std::string>> read_password(const std::optional<std::string>& file);

}  // namespace switchyard::providers
