#pragma once

// Files of our own that hold one JSON document: with a version, and a checksum over the document.
//
// Replaced as a whole: after a kill it is the old or the new one. One that was damaged is refused,
// never half-read. Threading: free functions.

#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "base/outcome.hpp"
#include "model/document.hpp"

namespace switchyard::model {

/// For documents in such files: none, since whatever came from a source was within its quota.
inline constexpr document_limits no_limits{std::numeric_limits<std::size_t>::max(),
                                           std::numeric_limits<std::size_t>::max(),
                                           std::numeric_limits<std::size_t>::max()};

/// The document. errc::not_found: there is no file; errc::invalid: it is damaged; errc::refused: it
/// was written by a version of switchyard with another format; errc::io.
base::outcome<nlohmann::json> read_sealed(const std::string& file, int format_version);

/// Replaces the file, and makes its folder. errc::io.
base::status write_sealed(const std::string& file, int format_version,
                          const nlohmann::json& document);

}  // namespace switchyard::model
