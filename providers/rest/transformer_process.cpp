#include "providers/rest/transformer_process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "providers/rest/jq.hpp"
#include "providers/rest/transformer.hpp"

namespace switchyard::providers::rest {

namespace {

constexpr rlim_t least_memory = 512ULL << 20U;
constexpr rlim_t memory_for_a_byte = 64;  // libjq's values, and what a program makes of them

/// What a program may take on top of what this process has by now.
void limit_memory(std::size_t input) {
  std::ifstream figures("/proc/self/statm");
  rlim_t pages = 0;
  figures >> pages;
  const auto now = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  const auto most = now + least_memory + memory_for_a_byte * input;
  const rlimit memory{most, most};
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_AS, &memory);
  ::setrlimit(RLIMIT_CORE, &no_core);
}

int fail(const std::string& why) {
  std::cerr << why;
  return transformer_failed;
}

int run_program(const char* text_of_program) {
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  limit_memory(text.size());
  auto program = jq::compile(text_of_program);
  if (!program) return fail(program.error().message);
  const auto result = program->run(text);
  if (!result) return fail(result.error().message);
  std::cout << *result << std::flush;
  return std::cout ? 0 : 1;
}

}  // namespace

void run_as_transformer(int argc, char** argv) {
  if (argc != 3 || argv[1] != transformer_word) return;
  // Without looking back: libjq 1.6 loses some memory, which leak checkers complain about.
  std::_Exit(run_program(argv[2]));
}

}  // namespace switchyard::providers::rest
