#pragma once

// Lines for a descriptor that may stop taking them: standard error, when who reads it does not.
//
// A line is written at once, by who has it. While the descriptor takes nothing, lines wait here and
// a thread of the queue's own writes them later; past `most_bytes` the oldest are dropped, and a
// line tells how many once it can. So does one after lines that a full disk did not take. Nobody
// ever waits for the reader (see outlet.hpp).
// Threading: any thread.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace switchyard::actors {

class log_queue {
 public:
  static constexpr std::size_t most_bytes = 1U << 20U;
  /// What still waits at the end is written for so long.
  static constexpr std::chrono::milliseconds longest_end{2000};

  /// The line that says how many were dropped. Called by the queue's thread.
  using gap_line = std::function<std::string(std::size_t dropped)>;

  /// `fd` outlives the process. Throws std::system_error where there is no thread to be had.
  log_queue(int fd, gap_line tell);
  /// Writes what waits, as far as that goes in `longest_end`.
  ~log_queue();
  log_queue(const log_queue&) = delete;
  log_queue& operator=(const log_queue&) = delete;

  void put(std::string line);
  /// Waits until nothing waits any more, at most `longest_end`.
  void flush();

 private:
  class lines;
  std::shared_ptr<lines> lines_;  // the thread has it as well, and may be stuck at the end
};

}  // namespace switchyard::actors
