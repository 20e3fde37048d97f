#pragma once

// What `switchyard check` and `switchyard doctor` have found, and how it is printed. `run` stops
// before it starts when there is an error among them.
//
// Threading: the main thread.

#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "cli/commands.hpp"

namespace switchyard::cli {

enum class level {
  ok,
  warning,  ///< works now, and may not be what is wanted
  error,    ///< does not work
};

struct finding {
  level grade = level::ok;
  std::string subject;  ///< "HAProxy binary", "provider main-db"
  std::string text;     ///< what is so
  std::string remedy;   ///< what to do about it; "" for what is ok
};

class findings {
 public:
  void ok(std::string subject, std::string text);
  void warning(std::string subject, std::string text, std::string remedy);
  void error(std::string subject, std::string text, std::string remedy);
  /// An error with the status's message, or ok with `text`.
  void note(std::string subject, const base::status& result, std::string text, std::string remedy);

  /// Whether there is no error.
  bool sound() const;
  const std::vector<finding>& list() const { return list_; }
  /// Prints all of them to standard output.
  void print(output_format format) const;
  /// The errors with their remedies, one a line.
  std::string errors() const;

 private:
  /// Without the secrets that base::redact() knows: sources' errors may quote what they were given.
  void add(finding f);

  std::vector<finding> list_;
};

}  // namespace switchyard::cli
