#pragma once

// Samples and what is told of them.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace switchyard::tests::bench {

using microseconds = std::chrono::duration<double, std::micro>;

/// One change on its way.
struct sample_times {
  microseconds from_sending;    ///< just before COMMIT was sent → the answer
  microseconds from_committed;  ///< COMMIT had returned → the answer
};

/// The value that `percent` of the samples do not exceed. `values` is not empty.
microseconds percentile(std::vector<microseconds> values, double percent);

/// The two systems, measured in turn in one run.
struct phase_figures {
  std::size_t servers = 0;
  std::vector<sample_times> switchyard;
  std::vector<sample_times> bare;
  long switchyard_rss_kb = 0;
  long haproxy_rss_kb = 0;
};

/// The table of one population.
std::string table_of(const phase_figures& figures);

/// How the largest population compares to the smallest.
std::string comparison_of(const phase_figures& least, const phase_figures& most);

}  // namespace switchyard::tests::bench
