#pragma once

// What a process holds, from /proc.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace switchyard::tests {

/// CPU time that it has used (utime + stime), in clock ticks of 10 ms; 0 of a process that is gone.
std::chrono::milliseconds cpu_time(pid_t process);
/// CPU time that this process takes within a period in which nothing happens that could be awaited;
/// needs no descriptor.
std::chrono::milliseconds own_cpu_time_within(std::chrono::milliseconds period);
/// Memory that is resident, in bytes; 0 of a process that is gone.
std::size_t resident_bytes(pid_t process);
std::size_t thread_count(pid_t process);
/// What its descriptors are, such as "socket:[4711]", in order.
std::vector<std::string> descriptors(pid_t process);
/// Processes that it has started and not reaped.
std::size_t child_count(pid_t process);

/// What a sanitizer keeps of the memory that this process has freed, at most.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t kept_by_sanitizer = 512U << 20U;
#else
inline constexpr std::size_t kept_by_sanitizer = 0;
#endif

/// By how many bytes this process's resident memory was at most larger during the action than
/// before it.
std::size_t growth_during(const std::function<void()>& action);

}  // namespace switchyard::tests
