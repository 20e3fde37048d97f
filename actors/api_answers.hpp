#pragma once

// What the API's answers are made of: from values of the daemon to those that clients see. Pure.

#include <string>
#include <vector>

#include "api/service.hpp"
#include "config/settings.hpp"
#include "haproxy/apply.hpp"
#include "haproxy/look.hpp"

namespace switchyard::actors {

/// The provider that takes changes by hand; nullptr: there is none.
const config::provider_settings* memory_provider(const config::settings& settings);

std::vector<std::string> words(const std::vector<haproxy::reload_reason>& reasons);
api::actual_backend actual_of(const haproxy::seen_backend& seen);

/// Whether a reason of a reload is about that backend, or may be.
bool concerns(const std::string& reason, const std::string& backend);

/// Whether that pass may be the one with the change; of several the earliest is.
bool brought(const api::apply_status& pass, const api::write_result& change,
             const std::string& backend);

}  // namespace switchyard::actors
