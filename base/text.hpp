#pragma once

// Words for people. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::base {

/// "1 backend", "2 backends", "0 entries": a regular English noun behind its number.
std::string counted(std::uint64_t number, std::string_view noun);

/// One word of a POSIX shell's command line, in single quotes where it needs them.
std::string shell_word(std::string_view text);

/// `text` with *** in every place of `secret`. An empty secret is none.
std::string masked(std::string text, std::string_view secret);

}  // namespace switchyard::base
