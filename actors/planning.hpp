#pragma once

// What would be done for a desired state, and for a document on top of it: the plan of
// `switchyard plan` and /v1/plan.
//
// Threading: free functions; they block as haproxy::preview_of() does.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "actors/protocol.hpp"
#include "api/status.hpp"
#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/preview.hpp"
#include "model/desired_state.hpp"

namespace switchyard::actors {

struct plan_question {
  std::optional<model::report> document;  ///< full; its backends and routes stand in for others
  bool whole = false;                     ///< the document is all that is desired
};

/// An object of a source that is left out.
struct left_out {
  std::string source;
  model::refusal what;
};

struct plan_answer {
  haproxy::preview preview;
  std::vector<left_out> refused;
  api::hold_list held;  ///< what the guard keeps in service; id 0: from now on, without a number
};

/// How left_out::source names the document. No provider can have that name.
inline constexpr const char* the_document = "document:";

/// Errors are those of haproxy::preview_of(). `refused` has the document's.
base::outcome<plan_answer> plan(const config::settings& settings, desired_copy desired,
                                const plan_question& question,
                                const base::wakeup* interrupt = nullptr);

/// Out of what sources and HAProxy were quoted with, as base::redact() does. For every answer
/// before it is shown.
void hide_secrets(plan_answer& answer);

/// The form that docs/plan.md describes, for programs and for people.
nlohmann::json to_json(const plan_answer& answer);
std::string to_text(const plan_answer& answer);

}  // namespace switchyard::actors
