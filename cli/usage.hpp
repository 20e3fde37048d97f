#pragma once

// What is said of a command line that is wrong. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace switchyard::cli {

/// The name that was most likely meant: the one that differs in the fewest letters (one that is
/// missing, wrong, too many, or swapped with the next), in two at most. "" for none.
std::string closest(std::string_view word, const std::vector<std::string>& names);

/// "there is no command stats; did you mean status? The commands are run, check …".
std::string no_such_command(std::string_view word, const std::vector<std::string>& names);

}  // namespace switchyard::cli
