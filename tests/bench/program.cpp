#include "tests/bench/program.hpp"

#include <sys/prctl.h>

#include <cstdio>
#include <exception>

namespace switchyard::tests::bench {

void add_options(CLI::App& app, common_options& o) {
  app.add_option("--switchyard", o.switchyard, "the program to measure")->capture_default_str();
  app.add_option("--samples", o.samples, "of each system")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--warmup", o.warmup, "samples before those that count")->capture_default_str();
  app.add_option("--gap", o.gap_us, "microseconds between two requests of the client")
      ->capture_default_str();
  app.add_option("--pause", o.pause_ms, "before a sample, at most, in milliseconds")
      ->capture_default_str();
}

int run_program_of(CLI::App& app, int argc, char** argv, const std::function<void()>& measure) {
  CLI11_PARSE(app, argc, argv);
  ::prctl(PR_SET_TIMERSLACK, 1000);  // in ns; 50 µs by default, as long as the gap itself
  try {
    measure();
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "not measured: %s\n", e.what());
    return 1;
  }
}

}  // namespace switchyard::tests::bench
