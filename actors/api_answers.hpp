#pragma once

// What the API's answers are made of: from values of the daemon to those that clients see. Pure.

#include <set>
#include <string>
#include <vector>

#include "api/service.hpp"
#include "config/settings.hpp"
#include "haproxy/apply.hpp"
#include "haproxy/look.hpp"
#include "model/edit.hpp"

namespace switchyard::actors {

/// The provider that takes changes by hand; nullptr: there is none.
const config::provider_settings* memory_provider(const config::settings& settings);

std::vector<std::string> words(const std::vector<haproxy::reload_reason>& reasons);
api::actual_backend actual_of(const haproxy::seen_backend& seen);

/// What a write touches.
struct touched {
  std::set<std::string> backends;  ///< of routes: those that they lead to
  bool routes = false;
};
touched touched_by(const model::edit& change);

/// What HAProxy does not have yet of a change to these; empty: it has it.
std::vector<std::string> missing_in(const api::haproxy_status& haproxy, const touched& what);

/// Whether that pass may be the one with the change; of several the earliest is.
bool brought(const api::apply_status& pass, const api::write_result& change, const touched& what);

}  // namespace switchyard::actors
