#pragma once

// Plain YAML scalars: which text is which value. Pure.

#include <nlohmann/json.hpp>
#include <string>

#include "base/outcome.hpp"

namespace switchyard::base {

/// The value of a scalar by YAML 1.2's core schema (section 10.3). `tag` is yaml-cpp's: "?" for a
/// plain scalar, "!" for a quoted one, else a full tag. errc::invalid: a number that has no JSON
/// form or does not fit, a text that is not what its tag says, an unknown tag.
outcome<nlohmann::json> yaml_scalar(const std::string& tag, const std::string& text);

}  // namespace switchyard::base
