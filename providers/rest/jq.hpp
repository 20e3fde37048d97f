#pragma once

// libjq behind values: the only place that sees it.
//
// Threading: a program belongs to one thread.

#include <memory>
#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::providers::rest::jq {

class program {
 public:
  /// The one value that the program gives for a JSON text, as JSON. errc::invalid. Takes as long
  /// and as much memory as the program likes.
  base::outcome<std::string> run(std::string_view text);

 private:
  friend base::outcome<program> compile(const std::string& text);
  struct closer {
    void operator()(void* state) const;
  };
  explicit program(void* state) : state_(state) {}

  std::unique_ptr<void, closer> state_;
};

/// errc::invalid: "transform: line 2: syntax error, …".
base::outcome<program> compile(const std::string& text);

}  // namespace switchyard::providers::rest::jq
