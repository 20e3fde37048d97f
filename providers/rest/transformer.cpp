#include "providers/rest/transformer.hpp"

#include <csignal>
#include <utility>

#include "base/duration.hpp"
#include "base/subprocess.hpp"
#include "providers/rest/jq.hpp"
#include "providers/rest/transformer_process.hpp"

namespace switchyard::providers::rest {

namespace {

using base::errc;
using base::error;

/// What its end means, other than success.
error meaning_of(const base::finished& ended) {
  if (ended.exit_code == transformer_failed) return {errc::invalid, "transform: " + ended.errors};
  if (ended.exit_code == 128 + SIGABRT || ended.exit_code == 128 + SIGKILL)
    return {errc::invalid, "transform: took too much memory and was ended"};
  return {errc::io, "transform: its process exited with code " + std::to_string(ended.exit_code)};
}

}  // namespace

base::status check_program(const std::string& program) {
  const auto compiled = jq::compile(program);
  return compiled ? base::status() : compiled.error();
}

base::outcome<std::string> transform(const std::string& program, std::string text,
                                     const transform_limits& limits, const base::wakeup* stop) {
  auto ended = base::run({.argv = {"/proc/self/exe", std::string(transformer_word), program},
                          .deadline = limits.deadline,
                          .output_limit = limits.max_bytes,
                          .whole_output = true,
                          .errors_apart = true,
                          .input = std::move(text),
                          .interrupt = stop});
  if (ended && ended->exit_code == 0) return std::move(ended->output);
  if (ended) return meaning_of(*ended);
  const auto kind = ended.error().kind;
  if (kind == errc::timeout)
    return error{kind, "transform: took longer than " + base::format_duration(limits.deadline) +
                           " and was ended"};
  if (kind == errc::invalid)
    return error{kind, "transform: gives more than " + std::to_string(limits.max_bytes) + " bytes"};
  return error{kind, "transform: " + ended.error().message};
}

}  // namespace switchyard::providers::rest
