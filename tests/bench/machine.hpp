#pragma once

// Facts about this machine, from /proc.

#include <string>

namespace switchyard::tests::bench {

/// CPU, cores, kernel, load and date, a line each.
std::string machine_facts();

/// What follows `label` in a text of lines, up to the end of that line; "" when there is none.
std::string field(const std::string& text, const std::string& label);

}  // namespace switchyard::tests::bench
