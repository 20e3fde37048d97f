#pragma once

// The daemon with other children than the product's.

#include "cli/commands.hpp"

namespace switchyard::actors {
struct child_makers;
}

namespace switchyard::cli {

/// As run(options), with these makers of the supervisor's children; nullptr: the product's.
int run(const common_options& options, const actors::child_makers* make);

}  // namespace switchyard::cli
