#pragma once

// What the memory provider holds, and its file.
//
// The file is a JSON object with a checksum over the document in it, replaced as a whole: after a
// kill it is the old or the new one, and one that was damaged is refused, never half-read.
// Threading: none; the provider guards it.

#include <map>
#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "model/backend.hpp"
#include "model/edit.hpp"
#include "model/event.hpp"

namespace switchyard::providers::memory {

struct holdings {
  std::map<std::string, model::backend_ptr> backends;
  std::vector<model::route> routes;  ///< sorted
};

/// Reads the file; one that is not there holds nothing. errc::invalid: it is damaged, or written by
/// a later version; errc::io.
base::outcome<holdings> load(const std::string& file);

/// Replaces the file, and makes its folder. errc::io.
base::status save(const std::string& file, const holdings& all);

/// Carries the change out on `all`. errc::conflict: the condition of the change does not hold;
/// errc::not_found: no such backend or server. `all` stays as it was then.
base::outcome<model::edited> carry_out(const model::edit& change, holdings& all);

/// The full view.
model::report view(const holdings& all);

}  // namespace switchyard::providers::memory
