#include "tests/bench/machine.hpp"

#include <sys/utsname.h>

#include <array>
#include <ctime>
#include <thread>

#include "tests/support/support.hpp"

namespace switchyard::tests::bench {

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

}  // namespace switchyard::tests::bench
