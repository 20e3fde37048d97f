#pragma once

// Values made from a seed, for tests that compare two ways to one result.

#include <random>

#include "model/event.hpp"

namespace switchyard::tests {

class generator {
 public:
  explicit generator(unsigned seed) : engine_(seed) {}

  /// A whole number in [0, below).
  unsigned number(unsigned below) {
    return std::uniform_int_distribution<unsigned>(0, below - 1)(engine_);
  }
  bool coin() { return number(2) == 0; }

  model::server server(std::string name);
  model::backend_settings settings();
  model::backend backend(std::string name);
  model::route route();
  /// A report on some of a few backends, with some parts refused.
  model::report report();

 private:
  model::backend_event event(const std::string& name);

  std::mt19937 engine_;
};

}  // namespace switchyard::tests
