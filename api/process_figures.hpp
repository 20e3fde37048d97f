#pragma once

// What the kernel says of this process, under the names that Prometheus' client libraries share.
//
// Threading: free function, reads /proc.

#include <prometheus/metric_family.h>

#include <vector>

namespace switchyard::api {

/// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes,
/// process_open_fds, process_max_fds, process_threads, process_start_time_seconds; those that
/// cannot be read are left out.
std::vector<prometheus::MetricFamily> process_figures();

}  // namespace switchyard::api
