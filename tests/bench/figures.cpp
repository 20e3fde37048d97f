#include "tests/bench/figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace switchyard::tests::bench {

namespace {

constexpr std::array percents{50.0, 90.0, 99.0, 100.0};
using columns = std::array<double, percents.size()>;

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 256> line{};
  std::snprintf(line.data(), line.size(), format, values...);
  return line.data();
}

columns quantiles(const std::vector<sample_times>& samples, microseconds sample_times::*which) {
  std::vector<microseconds> values;
  values.reserve(samples.size());
  for (const auto& s : samples) values.push_back(s.*which);
  columns row{};
  std::ranges::transform(percents, row.begin(),
                         [&](double p) { return percentile(values, p).count(); });
  return row;
}

columns ratio(const columns& a, const columns& b) {
  columns row{};
  std::ranges::transform(a, b, row.begin(), std::divides<>());
  return row;
}

std::string line(const char* name, const columns& c, const char* number) {
  auto text = formatted("  %-44s", name);
  for (const auto value : c) text += formatted(number, value);
  return text + "\n";
}

std::string lines_from(const phase_figures& f, microseconds sample_times::*which,
                       const char* from) {
  const auto ours = quantiles(f.switchyard, which);
  const auto bare = quantiles(f.bare, which);
  const std::string what = std::string(", from COMMIT ") + from + ", µs";
  return line(("switchyard" + what).c_str(), ours, "%10.0f") +
         line(("bare loop" + what).c_str(), bare, "%10.0f") +
         line("ratio", ratio(ours, bare), "%10.2f");
}

}  // namespace

microseconds percentile(std::vector<microseconds> values, double percent) {
  std::ranges::sort(values);
  const auto rank = std::ceil(percent / 100.0 * static_cast<double>(values.size()));
  return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::string table_of(const phase_figures& f) {
  return formatted("\n%zu servers, %zu samples of each\n", f.servers, f.switchyard.size()) +
         formatted("  %-43s%10s%10s%10s%10s\n", "", "p50", "p90", "p99", "max") +
         lines_from(f, &sample_times::from_committed, "returned") +
         lines_from(f, &sample_times::from_sending, "sent");
}

std::string comparison_of(const phase_figures& least, const phase_figures& most) {
  const auto compared = [&](const char* name, std::vector<sample_times> phase_figures::*which) {
    return line(name,
                ratio(quantiles(most.*which, &sample_times::from_committed),
                      quantiles(least.*which, &sample_times::from_committed)),
                "%10.2f");
  };
  const auto more = static_cast<double>(most.servers - least.servers);
  const auto each = [&](const char* name, long phase_figures::*rss) {
    return formatted("  %-44s%10.1f  (%ld kB at %zu, %ld kB at %zu)\n", name,
                     static_cast<double>(most.*rss - least.*rss) / more, least.*rss, least.servers,
                     most.*rss, most.servers);
  };
  return formatted("\n%zu servers against %zu\n", most.servers, least.servers) +
         compared("switchyard, ratio", &phase_figures::switchyard) +
         compared("bare loop, ratio", &phase_figures::bare) +
         each("switchyard, kB of memory a server", &phase_figures::switchyard_rss_kb) +
         each("HAProxy, kB of memory a server", &phase_figures::haproxy_rss_kb);
}

}  // namespace switchyard::tests::bench
