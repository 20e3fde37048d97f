#pragma once

// What every benchmark's command line has.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace switchyard::tests::bench {

struct common_options {
  std::string switchyard = SWITCHYARD_BINARY;
  std::size_t samples = 300;
  std::size_t warmup = 20;
  unsigned gap_us = 50;
  unsigned pause_ms = 100;
};

void add_options(CLI::App& app, common_options& o);

/// Reads the command line and measures. The exit code: 0, 1 when it could not be measured, or what
/// CLI11 says of a wrong command line.
int run_program_of(CLI::App& app, int argc, char** argv, const std::function<void()>& measure);

}  // namespace switchyard::tests::bench
