#include "api/haproxy_families.hpp"

#include <utility>

namespace switchyard::api {

namespace {

prometheus::MetricFamily by_state(const char* name, const char* help,
                                  const std::map<std::string, std::uint64_t>& counts) {
  auto family = gauge_family(name, help);
  for (const auto& [state, count] : counts)
    add_value(family, static_cast<double>(count), {{"state", state}});
  return family;
}

void add_figures(const haproxy_figures& now, std::vector<prometheus::MetricFamily>& all) {
  auto info = gauge_family("switchyard_haproxy_info", "The version of the running HAProxy");
  add_value(info, 1, {{"version", now.version}});
  all.push_back(std::move(info));
  all.push_back(by_state("switchyard_servers",
                         "Servers of the running HAProxy, by the state that show stat gives",
                         now.servers));
  all.push_back(by_state("switchyard_backends",
                         "Backends of the running HAProxy, by the state that show stat gives",
                         now.backends));
}

}  // namespace

prometheus::MetricFamily gauge_family(const char* name, const char* help) {
  return {name, help, prometheus::MetricType::Gauge, {}};
}

void add_value(prometheus::MetricFamily& to, double value,
               std::vector<prometheus::ClientMetric::Label> labels) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  metric.label = std::move(labels);
  to.metric.push_back(std::move(metric));
}

void add_haproxy(const scraped& ask, std::vector<prometheus::MetricFamily>& all) {
  if (ask.haproxy) {
    const auto now = ask.haproxy();
    auto up =
        gauge_family("switchyard_haproxy_up", "Whether HAProxy answers on its runtime socket");
    add_value(up, now ? 1 : 0);
    all.push_back(std::move(up));
    if (now) add_figures(*now, all);
  }
  const auto old = ask.old_workers ? ask.old_workers() : std::nullopt;
  if (!old) return;
  auto workers = gauge_family("switchyard_haproxy_old_workers",
                              "Workers of before a reload that still have connections");
  add_value(workers, static_cast<double>(*old));
  all.push_back(std::move(workers));
}

void add_holds(const scraped& ask, const std::set<std::string, std::less<>>& providers,
               std::vector<prometheus::MetricFamily>& all) {
  const auto held = ask.holds ? ask.holds() : std::nullopt;
  if (!held) return;
  auto holds = gauge_family("switchyard_holds",
                            "Removals that the guard has stopped and nobody has decided about");
  auto servers = gauge_family("switchyard_held_servers",
                              "Servers that a source has no more and the guard keeps");
  for (const auto& name : providers) {
    const auto found = held->find(name);
    const auto now = found == held->end() ? held_figures{} : found->second;
    add_value(holds, static_cast<double>(now.holds), {{"provider", name}});
    add_value(servers, static_cast<double>(now.servers), {{"provider", name}});
  }
  all.push_back(std::move(holds));
  all.push_back(std::move(servers));
}

}  // namespace switchyard::api
