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
  microseconds from_sending;  ///< just before it was sent to the source → the answer
  microseconds from_done;     ///< the source had said that it has it → the answer
};

/// The value that `percent` of the samples do not exceed. `values` is not empty.
microseconds percentile(std::vector<microseconds> values, double percent);

/// The head of a table: its title, and what its columns are.
std::string head_of(const std::string& title);
/// A line of samples.
std::string line_of(const std::string& name, const std::vector<sample_times>& samples,
                    microseconds sample_times::*which = &sample_times::from_done);
/// Two systems that were measured in turn, and their ratio. `change`: what was sent, such as
/// "COMMIT".
std::string comparison_of(const std::string& change, const std::vector<sample_times>& switchyard,
                          const std::vector<sample_times>& bare);

/// The two systems, measured in turn in one run.
struct phase_figures {
  std::size_t servers = 0;
  std::vector<sample_times> switchyard;
  std::vector<sample_times> bare;
  long switchyard_rss_kb = 0;
  long haproxy_rss_kb = 0;
};

/// How the largest population compares to the smallest.
std::string growth_of(const phase_figures& least, const phase_figures& most);

}  // namespace switchyard::tests::bench
