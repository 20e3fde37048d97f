#pragma once

// A wall clock that a test sets for programs that it starts, by libfaketime.
//
// A set clock changes what programs see as the time of day, of files too. What they measure by
// their steady clock is not touched, as with a machine's real clocks.

#include <chrono>
#include <map>
#include <string>

#include "tests/support/support.hpp"

namespace switchyard::tests {

class shifted_clock {
 public:
  /// Whether libfaketime is there; without it nothing below may be used.
  static bool available();
  /// Whether this program starts with it (`PROGRAM -v`): some come into conflict.
  static bool goes_with(const std::string& program);

  /// Begins with the true time.
  shifted_clock();

  /// What a program is to be started with, to follow the clock at once. `libc_memory`: for one
  /// that has a malloc of its own, which asks for the time before libfaketime can tell it.
  std::map<std::string, std::string> environment(bool libc_memory = false) const;
  /// Sets the clock this far ahead of the true time, or behind it.
  void set(std::chrono::seconds ahead);
  /// What the clock shows now.
  std::chrono::system_clock::time_point now() const;

 private:
  temp_dir folder_;
  std::chrono::seconds ahead_{0};
};

}  // namespace switchyard::tests
