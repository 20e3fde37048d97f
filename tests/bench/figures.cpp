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

std::string line(const std::string& name, const columns& c, const char* number) {
  // A µ takes two bytes and one column.
  const auto width = 44 + static_cast<int>(std::ranges::count(name, '\xb5'));
  auto text = formatted("  %-*s", width, name.c_str());
  for (const auto value : c) text += formatted(number, value);
  return text + "\n";
}

}  // namespace

microseconds percentile(std::vector<microseconds> values, double percent) {
  std::ranges::sort(values);
  const auto rank = std::ceil(percent / 100.0 * static_cast<double>(values.size()));
  return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::string head_of(const std::string& title) {
  return "\n" + title + "\n" +
         formatted("  %-44s%10s%10s%10s%10s\n", "", "p50", "p90", "p99", "max");
}

std::string line_of(const std::string& name, const std::vector<sample_times>& samples,
                    microseconds sample_times::*which) {
  return line(name + ", µs", quantiles(samples, which), "%10.0f");
}

std::string comparison_of(const std::string& change, const std::vector<sample_times>& switchyard,
                          const std::vector<sample_times>& bare) {
  std::string text;
  const auto add = [&](microseconds sample_times::*which, const char* when) {
    text += line_of("switchyard, from " + change + when, switchyard, which) +
            line_of("bare loop, from " + change + when, bare, which) +
            line("ratio", ratio(quantiles(switchyard, which), quantiles(bare, which)), "%10.2f");
  };
  add(&sample_times::from_done, " done");
  add(&sample_times::from_sending, " sent");
  return text;
}

std::string growth_of(const phase_figures& least, const phase_figures& most) {
  const auto compared = [&](const char* name, std::vector<sample_times> phase_figures::*which) {
    return line(name,
                ratio(quantiles(most.*which, &sample_times::from_done),
                      quantiles(least.*which, &sample_times::from_done)),
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
