#include "haproxy/program.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>

#include "base/atomic_file.hpp"
#include "haproxy/reply_text.hpp"

namespace switchyard::haproxy {

namespace {

/// What follows the name in `/proc/PID/stat`, which may itself hold blanks and parentheses: the
/// state is its first word. "" when there is no such process.
std::string stat_of(pid_t pid) {
  const auto text = base::read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto name_ends = text ? text->rfind(") ") : std::string::npos;
  return name_ends == std::string::npos ? "" : text->substr(name_ends + 2);
}

}  // namespace

program program_at(pid_t pid) {
  constexpr int words_before_start = 19;  // from the state, field 3, to field 22
  if (pid <= 0) return {};
  const auto stat = stat_of(pid);
  std::string_view rest = stat;
  if (rest.empty() || rest.front() == 'Z' || rest.front() == 'X') return {};
  for (int i = 0; i < words_before_start; ++i) next_word(rest);
  program found{pid, 0};
  if (!read_number(next_word(rest), found.started)) return {};
  return found;
}

bool runs(const program& which) {
  return which.started != 0 && program_at(which.pid) == which;
}

bool is_haproxy(pid_t pid, const std::string& binary) {
  constexpr std::size_t longest_name = 15;
  const auto comm = base::read_file("/proc/" + std::to_string(pid) + "/comm");
  if (!comm) return false;
  const auto name = comm->substr(0, comm->find('\n'));
  const auto expected = std::filesystem::path(binary).filename().string().substr(0, longest_name);
  return name.starts_with("haproxy") || (!name.empty() && name == expected);
}

program haproxy_at(pid_t pid, const std::string& binary) {
  return is_haproxy(pid, binary) ? program_at(pid) : program{};
}

std::optional<pid_t> parent_of(pid_t pid) {
  const auto stat = stat_of(pid);
  std::string_view rest = stat;
  next_word(rest);
  pid_t parent = 0;
  if (!read_number(next_word(rest), parent)) return std::nullopt;
  return parent;
}

std::size_t other_workers(pid_t worker, const std::string& binary) {
  const auto master = parent_of(worker);
  if (!master || *master <= 1 || !is_haproxy(worker, binary) || !is_haproxy(*master, binary))
    return 0;
  const auto id = std::to_string(*master);
  // Those that the master's only thread has started (proc(5)).
  const auto listed = base::read_file("/proc/" + id + "/task/" + id + "/children");
  std::istringstream children(listed ? *listed : std::string());
  std::size_t others = 0;
  for (pid_t child = 0; children >> child;)
    if (child != worker && is_haproxy(child, binary)) ++others;
  return others;
}

std::optional<bool> started_with(pid_t pid, const std::string& argument) {
  auto words = base::read_file("/proc/" + std::to_string(pid) + "/cmdline");
  if (!words || words->empty()) return std::nullopt;
  const std::string end(1, '\0');
  return (end + *words + end).find(end + argument + end) != std::string::npos;
}

bool catches(pid_t pid, int signal) {
  const auto text = base::read_file("/proc/" + std::to_string(pid) + "/status");
  const std::string_view label = "\nSigCgt:\t";
  const auto at = text ? text->find(label) : std::string::npos;
  if (at == std::string::npos) return true;
  const auto* const first = text->data() + at + label.size();
  std::uint64_t mask = 0;
  if (std::from_chars(first, text->data() + text->size(), mask, 16).ec != std::errc()) return true;
  return (mask >> (signal - 1) & 1U) != 0;
}

bool started_to_replace(pid_t pid, pid_t other) {
  const auto words = base::read_file("/proc/" + std::to_string(pid) + "/cmdline");
  if (!words) return false;
  const auto wanted = std::to_string(other);
  bool pids = false;  // all words that follow, up to the next option
  for (std::size_t at = 0; at < words->size();) {
    const auto end = std::min(words->find('\0', at), words->size());
    const auto word = std::string_view(*words).substr(at, end - at);
    if (word.starts_with('-')) pids = word == "-sf" || word == "-st";
    if (pids && word == wanted) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace switchyard::haproxy
