#include "api/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

namespace switchyard::api {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily figure(const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  if (type == MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  return {name, help, type, {metric}};
}

/// The fields of /proc/self/stat from the third one on (proc(5)): the second may hold anything in
/// parentheses.
struct process_stat {
  double cpu_ticks = 0;  // utime and stime
  double threads = 0;
  double start_ticks = 0;  // since the machine started
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<process_stat> read_stat() {
  std::ifstream file("/proc/self/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto name_ends = text.rfind(')');
  if (name_ends == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_ends + 1));
  process_stat result;
  std::string field;
  for (int number = 3; number <= 24 && rest >> field; ++number) {
    const auto value = [&] { return std::stod(field); };
    if (number == 14 || number == 15) result.cpu_ticks += value();
    if (number == 20) result.threads = value();
    if (number == 22) result.start_ticks = value();
    if (number == 23) result.virtual_bytes = value();
    if (number == 24) result.resident_pages = value();
  }
  return rest ? std::optional(result) : std::nullopt;
}

/// When the machine started, in seconds since 1970 (/proc/stat, btime).
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  double value = 0;
  while (file >> word)
    if (word == "btime" && file >> value) return value;
  return std::nullopt;
}

}  // namespace

std::vector<MetricFamily> process_figures() {
  std::vector<MetricFamily> all;
  const auto add = [&](const char* name, const char* help, MetricType type, double value) {
    all.push_back(figure(name, help, type, value));
  };
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (const auto stat = read_stat()) {
    add("process_cpu_seconds_total", "CPU time used, in user and system mode", MetricType::Counter,
        stat->cpu_ticks / ticks);
    add("process_resident_memory_bytes", "Resident memory", MetricType::Gauge,
        stat->resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    add("process_virtual_memory_bytes", "Virtual memory", MetricType::Gauge, stat->virtual_bytes);
    add("process_threads", "Threads", MetricType::Gauge, stat->threads);
    if (const auto boot = boot_time())
      add("process_start_time_seconds", "When the process started, in seconds since 1970",
          MetricType::Gauge, *boot + stat->start_ticks / ticks);
  }
  std::error_code unreadable;
  const std::filesystem::directory_iterator open("/proc/self/fd", unreadable);
  if (!unreadable)
    add("process_open_fds", "Open file descriptors", MetricType::Gauge,
        static_cast<double>(std::distance(begin(open), end(open)) - 1));  // but for this one
  rlimit most{};
  if (::getrlimit(RLIMIT_NOFILE, &most) == 0)
    add("process_max_fds", "Most file descriptors that may be open", MetricType::Gauge,
        static_cast<double>(most.rlim_cur));
  return all;
}

}  // namespace switchyard::api
