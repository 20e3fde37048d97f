#pragma once

// jq programs that make the document of an API's own JSON.
//
// A program runs in a process of its own, so that one that never ends, or takes all memory, ends at
// its deadline and harms nothing else: libjq has no other way to stop everything that a program may
// call. That process is this very executable, started anew; main() hands it over to
// run_as_transformer(). Its environment is empty.

#include <chrono>
#include <string>

#include "base/fd.hpp"
#include "base/outcome.hpp"

namespace switchyard::providers::rest {

/// Whether the program can be compiled: errc::invalid with the line and what is wrong there.
base::status check_program(const std::string& program);

struct transform_limits {
  std::chrono::milliseconds deadline;
  std::size_t max_bytes;  ///< of the result
};

/// The one value that the program makes of a JSON text, as JSON. errc::invalid: the text is no
/// JSON, or the program failed on it, or gave nothing or several values; errc::timeout;
/// errc::unavailable: `stop` was notified; errc::io.
base::outcome<std::string> transform(const std::string& program, std::string text,
                                     const transform_limits& limits, const base::wakeup* stop);

/// First thing in main() of whatever uses transform(): does not come back in a process that was
/// started to run a program, and does nothing in any other.
void run_as_transformer(int argc, char** argv);

}  // namespace switchyard::providers::rest
