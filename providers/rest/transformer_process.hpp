#pragma once

// Inside of transformer: the process that runs a program, from its stdin to its stdout.

#include <string_view>

namespace switchyard::providers::rest {

/// The first argument of such a process; the second one is the program.
constexpr std::string_view transformer_word = "--run-transform";

/// Its exit code when the answer could not be transformed; why is on its stderr, one line.
constexpr int transformer_failed = 3;

}  // namespace switchyard::providers::rest
