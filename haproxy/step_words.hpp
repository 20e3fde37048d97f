#pragma once

// A step of the plan as an operator would say it. Pure.

#include <cstddef>
#include <string>

#include "haproxy/planner.hpp"

namespace switchyard::haproxy {

/// Of more than this a pass tells in one line a backend (step_sums).
inline constexpr std::size_t told_one_by_one = 20;

/// "added at 10.0.1.12:8080, weight 100"; empty for steps that only accompany another one.
std::string words_of(const step& s);

/// Whether a step is the rest of the one before, which was told already: of an addition
/// (arrival::by_a_move).
bool completes(const step& before, const step& s);

}  // namespace switchyard::haproxy
