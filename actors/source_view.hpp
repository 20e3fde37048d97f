#pragma once

// What the sources come to when they have been read once: what a switchyard that runs, or one that
// starts now, would serve of it.
//
// Each guarded provider's last good view of state_dir comes first, with what is held of it, and
// then its report as the guard lets it through. Threading: free function; it reads those files.

#include <string>
#include <utility>
#include <vector>

#include "actors/protocol.hpp"
#include "api/status.hpp"
#include "config/settings.hpp"
#include "model/desired_state.hpp"
#include "model/hold.hpp"

namespace switchyard::actors {

struct source_view {
  model::desired_state desired;
  api::hold_list held;  ///< id 0: it would be held from now on, and has no number yet
  /// Last good views that cannot be read, a sentence each: what of them would be held is not known.
  std::vector<std::string> notices;
};

/// `reports`: by provider, in the order of the settings.
source_view view_of_sources(const config::settings& settings,
                            const std::vector<std::pair<std::string, report_ptr>>& reports,
                            model::wall_time now);

/// "hold 3: provider db would lose 60 of 80 servers; 60 servers kept until `switchyard approve
/// 3`", a line each. "" for none.
std::string text_of_held(const api::hold_list& held);

}  // namespace switchyard::actors
