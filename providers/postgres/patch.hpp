#pragma once

// One backend as last reported, with some of its servers read anew.
//
// What a provider reports is whole backends; this spares reading the rows that did not change.
// Pure.

#include <optional>
#include <set>
#include <string>

#include "model/event.hpp"

namespace switchyard::providers::postgres {

/// Whether `last` (may be null) is known well enough to be patched.
bool patchable(const model::backend_event* last);

/// `last`, which is patchable, with the servers `named` as `read` shows them; null when none of
/// them has a row any more. Nothing when only reading the whole backend can tell: no server would
/// be left, so that the backend may be gone, or the answer is not about those servers alone.
std::optional<model::backend_event> patched(const model::backend_event& last,
                                            const std::set<std::string>& named,
                                            const model::backend_event* read);

}  // namespace switchyard::providers::postgres
