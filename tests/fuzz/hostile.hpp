#pragma once

// Values as a hostile source would give them, made from the fuzzer's bytes.
//
// They go past the decoder, straight into the model: whoever writes a value to HAProxy encodes it,
// whatever was checked before. Strings are taken from the front of the input (each ends with a
// backslash and any other character) and choices from its end, so a seed is readable text.

#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/backend.hpp"

namespace switchyard::fuzz {

using provider = FuzzedDataProvider;

/// `plain`, `plain` with something hostile in it, something hostile alone, or bytes of the input.
std::string text(provider& from, std::string_view plain);

/// A server with a hostile name, address or number here and there.
model::server server(provider& from, std::string_view plain_name);

/// Settings with a hostile text, and numbers past their ranges, here and there.
model::backend_settings settings(provider& from);

/// A backend of up to three servers, sorted as the model promises.
model::backend backend(provider& from, std::string_view plain_name);

model::route route(provider& from);

}  // namespace switchyard::fuzz
