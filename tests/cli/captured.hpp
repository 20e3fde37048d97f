#pragma once

#include <ostream>
#include <sstream>
#include <string>

namespace switchyard::tests {

/// What is written to a stream while it lives.
class captured {
 public:
  explicit captured(std::ostream& from) : from_(from), before_(from.rdbuf(kept_.rdbuf())) {}
  ~captured() { from_.rdbuf(before_); }
  captured(const captured&) = delete;
  captured& operator=(const captured&) = delete;
  std::string text() const { return kept_.str(); }

 private:
  std::ostringstream kept_;
  std::ostream& from_;
  std::streambuf* before_;
};

}  // namespace switchyard::tests
