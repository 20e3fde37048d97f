#include "tests/bench/machine.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <sstream>
#include <thread>

#include "tests/support/support.hpp"

namespace switchyard::tests::bench {

namespace {

std::string proc(pid_t process, const char* file) {
  return read_text("/proc/" + std::to_string(process) + "/" + file);
}

}  // namespace

std::string field(const std::string& text, const std::string& label) {
  const auto at = text.find(label);
  if (at == std::string::npos) return "";
  const auto begin = text.find_first_not_of(" \t:", at + label.size());
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
}

std::string machine_facts() {
  utsname system{};
  ::uname(&system);
  const auto now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%d %H:%M UTC", &utc);
  auto load = read_text("/proc/loadavg");
  load.resize(load.find('\n') == std::string::npos ? 0 : load.find('\n'));
  return "CPU:        " + field(read_text("/proc/cpuinfo"), "model name") + ", " +
         std::to_string(std::thread::hardware_concurrency()) +
         " cores\nkernel:     " + system.release + "\nload:       " + load +
         "\ndate:       " + date.data() + "\n";
}

std::chrono::milliseconds cpu_time(pid_t process) {
  const auto stat = proc(process, "stat");
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

long resident_kb(pid_t process) {
  const auto value = field(proc(process, "status"), "VmRSS");
  return value.empty() ? 0 : std::stol(value);
}

}  // namespace switchyard::tests::bench
