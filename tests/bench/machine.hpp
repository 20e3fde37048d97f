#pragma once

// Facts about this machine and its processes, from /proc.

#include <sys/types.h>

#include <chrono>
#include <string>

namespace switchyard::tests::bench {

/// CPU, cores, kernel, load and date, a line each.
std::string machine_facts();

/// CPU time that a process has used (utime + stime), in clock ticks of 10 ms.
std::chrono::milliseconds cpu_time(pid_t process);

/// Memory that a process has resident.
long resident_kb(pid_t process);

/// What follows `label` in a text of lines, up to the end of that line; "" when there is none.
std::string field(const std::string& text, const std::string& label);

}  // namespace switchyard::tests::bench
