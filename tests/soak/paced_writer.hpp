#pragma once

// One key of a source that changes a thousand times a second.

#include <cstdint>
#include <functional>
#include <string>

namespace switchyard::tests::soak {

/// Changes the weight of one server again and again; returns once the source has taken it.
using change_weight = std::function<void(unsigned weight)>;

/// Makes so many changes, as many a second as wanted (later ones catch up where the source was
/// slow), in bursts of ten milliseconds. `meanwhile` is called about once a second. The weight of
/// the change n is weight_of(n). Returns how many seconds it took.
double change_steadily(std::uint64_t changes, unsigned a_second, const change_weight& change,
                       const std::function<void()>& meanwhile);

/// 1 … 256, in turn, so that no two changes in a row are alike.
constexpr unsigned weight_of(std::uint64_t n) {
  return static_cast<unsigned>(n % 256 + 1);
}

}  // namespace switchyard::tests::soak
