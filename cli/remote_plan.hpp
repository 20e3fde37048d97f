#pragma once

// The plan of a running switchyard, asked over its API.
//
// Threading: the main thread.

#include <nlohmann/json.hpp>
#include <string>

#include "actors/planning.hpp"
#include "base/outcome.hpp"
#include "cli/commands.hpp"

namespace switchyard::cli {

/// A document as JSON, from a file in JSON or YAML, or from the standard input ("-").
/// errc::invalid: it cannot be read, or is a folder.
base::outcome<nlohmann::json> document_for_api(const std::string& path);

/// Back from the JSON of docs/plan.md: what its text is made of. errc::protocol: it is none, or one
/// of another version that knows more.
base::outcome<actors::plan_answer> read_plan(const nlohmann::json& body);

/// The body of /v1/plan, for the sources as they are or for the document.
base::outcome<nlohmann::json> ask_for_plan(const plan_options& options);

}  // namespace switchyard::cli
