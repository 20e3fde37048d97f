#pragma once

// What `switchyard check` has found, and how it is printed.

#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "cli/commands.hpp"

namespace switchyard::cli {

struct finding {
  bool good = true;
  std::string subject;  ///< "HAProxy", "provider main-db"
  std::string text;     ///< one sentence; for bad ones what is wrong and how to mend it
};

class findings {
 public:
  void good(std::string subject, std::string text);
  void bad(std::string subject, std::string text);
  /// Bad with the status's message, or good with `text`.
  void note(std::string subject, const base::status& result, std::string text);

  bool all_good() const;
  const std::vector<finding>& list() const { return list_; }
  /// Prints all of them to standard output.
  void print(output_format format) const;

 private:
  std::vector<finding> list_;
};

}  // namespace switchyard::cli
