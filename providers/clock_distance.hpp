#pragma once

// How far a source's clock is from this machine's, for `switchyard doctor`. Pure.

#include <chrono>

#include "providers/provider.hpp"

namespace switchyard::providers {

/// `theirs`: seconds since the epoch, told between `asked` and `took` later.
diagnosis clock_distance(double theirs, std::chrono::system_clock::time_point asked,
                         std::chrono::system_clock::duration took);

}  // namespace switchyard::providers
