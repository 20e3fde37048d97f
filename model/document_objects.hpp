#pragma once

// Reads that the decoders of single objects and of whole documents share. Pure.

#include <string>
#include <string_view>

#include "model/backend.hpp"
#include "model/json_reader.hpp"

namespace switchyard::model {

/// Reads a member that must be there and be a valid name.
void read_name(object_reader& reader, std::string_view key, std::string& target);

/// Reads the settings among the members of a backend object. The caller calls finish().
void read_settings(object_reader& reader, backend_settings& target, problems& sink);

}  // namespace switchyard::model
