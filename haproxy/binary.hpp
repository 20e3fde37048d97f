#pragma once

// HAProxy's program on disk. Threading: free functions.

#include <string>

#include "base/outcome.hpp"

namespace switchyard::haproxy {

/// The version that `BINARY -v` tells: "2.6.12-1". errc::not_found: there is no such program;
/// errc::refused: it does not answer like HAProxy; errc::timeout, errc::io.
base::outcome<std::string> version_of(const std::string& binary);

}  // namespace switchyard::haproxy
