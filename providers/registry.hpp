#pragma once

// The one list of provider types.

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "providers/provider.hpp"

namespace switchyard::providers {

/// Makes the provider that an entry under `providers:` describes. Touches no source yet.
/// errc::invalid: unusable settings, with the name of the provider and the setting.
base::outcome<provider_ptr> make(const config::provider_settings& settings);

}  // namespace switchyard::providers
