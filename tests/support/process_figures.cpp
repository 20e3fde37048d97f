#include "tests/support/process_figures.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>

#include "tests/support/support.hpp"

namespace switchyard::tests {

namespace {

namespace fs = std::filesystem;

fs::path folder_of(pid_t process) {
  return "/proc/" + std::to_string(process);
}

/// A line of /proc/PID/status, such as "VmRSS:"; memory is given in kB.
std::size_t status_number(pid_t process, const std::string& label) {
  const auto text = read_text(folder_of(process) / "status");
  const auto at = text.find("\n" + label);
  return at == std::string::npos ? 0 : std::stoul(text.substr(at + 1 + label.size()));
}

}  // namespace

std::chrono::milliseconds cpu_time(pid_t process) {
  const auto stat = read_text(folder_of(process) / "stat");
  // The name may hold spaces and parentheses; the state follows its last one (proc(5)).
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  constexpr int before_utime = 11;
  for (int i = 0; i < before_utime; ++i) fields >> skipped;
  long utime = 0;
  long stime = 0;
  fields >> utime >> stime;
  return std::chrono::milliseconds((utime + stime) * 1000 / ::sysconf(_SC_CLK_TCK));
}

std::chrono::milliseconds own_cpu_time_within(std::chrono::milliseconds period) {
  const auto before = std::clock();
  std::this_thread::sleep_for(period);
  return std::chrono::milliseconds((std::clock() - before) * 1000 / CLOCKS_PER_SEC);
}

std::size_t resident_bytes(pid_t process) {
  return status_number(process, "VmRSS:") * 1024;
}

std::size_t thread_count(pid_t process) {
  return status_number(process, "Threads:");
}

std::vector<std::string> descriptors(pid_t process) {
  std::vector<std::string> all;
  std::error_code none;
  for (fs::directory_iterator at(folder_of(process) / "fd", none), end; !none && at != end;
       at.increment(none)) {
    std::error_code closed;  // since it was listed
    if (auto target = fs::read_symlink(at->path(), closed); !closed) all.push_back(target.string());
  }
  std::ranges::sort(all);
  return all;
}

std::size_t child_count(pid_t process) {
  std::size_t count = 0;
  std::error_code none;
  for (const auto& task : fs::directory_iterator(folder_of(process) / "task", none)) {
    std::istringstream children(read_text(task.path() / "children"));
    for (std::string child; children >> child;) ++count;
  }
  return count;
}

std::size_t growth_during(const std::function<void()>& action) {
  const auto self = ::getpid();
  const auto before = resident_bytes(self);
  // "5" sets the peak back to what is resident now (proc(5)).
  write_text(folder_of(self) / "clear_refs", "5");
  action();
  const auto peak = status_number(self, "VmHWM:") * 1024;
  return peak - std::min(peak, before);
}

}  // namespace switchyard::tests
