#pragma once

// What is kept of a provider over a restart: its last good view and what the guard holds of it, in
// state_dir/view-NAME.json.
//
// The view is what was served, with what was held. A file that is damaged, or of another version,
// is refused as a whole. Threading: free functions.

#include <string>

#include "base/outcome.hpp"
#include "model/event.hpp"
#include "model/guard.hpp"

namespace switchyard::actors {

struct kept_view {
  model::report view;  ///< all backends and routes; not marked full, as it is nobody's report
  model::guard_memory holds;
  model::wall_time as_of{};  ///< when the source said so last
};

/// "view-NAME.json" in that folder.
std::string view_file(const std::string& folder, const std::string& provider);

/// Removes what a killed switchyard has left half-written of such files. Nobody else may be writing
/// them.
void remove_leftover_views(const std::string& folder);

/// errc::not_found: there is none; errc::invalid, errc::refused: damaged, another version;
/// errc::io.
base::outcome<kept_view> load_view(const std::string& file);

/// Replaces the file. errc::io.
base::status save_view(const std::string& file, const kept_view& what);

}  // namespace switchyard::actors
