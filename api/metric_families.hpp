#pragma once

// Inside of api/metrics: what is counted between two scrapes, and under which names.
//
// Threading: any; of the members those that say so are guarded by the mutex.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "api/labelled.hpp"
#include "api/metrics.hpp"

namespace switchyard::api {

struct metrics::families {
  explicit families(const std::string& version) {
    prometheus::BuildGauge()
        .Name("switchyard_build_info")
        .Help("The version of this switchyard")
        .Register(registry)
        .Add({{"version", version}})
        .Set(1);
  }

  prometheus::Gauge& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }
  prometheus::Family<prometheus::Gauge>& gauges(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  prometheus::Family<prometheus::Counter>& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  prometheus::Family<prometheus::Histogram>& histograms(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  prometheus::Registry registry;

  labelled<prometheus::Histogram> propagation{
      histograms("switchyard_propagation_seconds",
                 "From a source's telling of a change until HAProxy has confirmed it"),
      "provider"};
  prometheus::Gauge& queue =
      gauge("switchyard_queue_depth", "Changed backends that wait for the writer");
  prometheus::Gauge& revision =
      gauge("switchyard_desired_revision", "Revision of the desired state");
  prometheus::Gauge& backends =
      gauge("switchyard_desired_backends", "Backends that the sources have");
  prometheus::Gauge& routes = gauge("switchyard_desired_routes", "Routes that the sources have");
  prometheus::Gauge& applied = gauge("switchyard_applied_revision",
                                     "The revision that the writer has brought to HAProxy last");

  labelled<prometheus::Histogram> passes{
      histograms("switchyard_apply_seconds", "How long the writer worked on one pass"), "pass"};
  labelled<prometheus::Counter> commands{
      counters("switchyard_runtime_commands_total",
               "Commands that change HAProxy at run time, by what became of them"),
      "command", "result"};
  labelled<prometheus::Counter> repairs{
      counters("switchyard_drift_repairs_total", "Commands that a reconcile found necessary"),
      "command"};
  labelled<prometheus::Counter> reloads{counters("switchyard_reloads_total", "Reloads of HAProxy"),
                                        "result"};
  labelled<prometheus::Counter> reasons{
      counters("switchyard_reload_reasons_total", "Reasons of reloads; one may have several"),
      "reason", "result"};
  labelled<prometheus::Histogram> reload_seconds{
      histograms("switchyard_reload_seconds", "From the request of a reload until its verdict"),
      "result"};
  prometheus::Counter& haproxy_restarts =
      counters("switchyard_haproxy_restarts_total",
               "Starts of a managed HAProxy that had ended by itself")
          .Add({});
  prometheus::Gauge& waiting =
      gauge("switchyard_reload_pending_reasons", "Reasons that wait for a reload");
  prometheus::Gauge& reached =
      gauge("switchyard_writer_connected", "Whether HAProxy answered the writer's last pass");

  labelled<prometheus::Gauge> provider_info{
      gauges("switchyard_provider_info", "Providers and their types"), "provider", "type"};
  labelled<prometheus::Gauge> up{
      gauges("switchyard_provider_up", "Whether a provider's source can be followed"), "provider"};
  // In the order of provider_figure.
  std::array<labelled<prometheus::Gauge>, 5> provider_figures{
      {{gauges("switchyard_refused_objects", "Objects of a source that are not taken"), "provider"},
       {gauges("switchyard_provider_objects", "Backends, servers and routes that a source has"),
        "provider"},
       {gauges("switchyard_provider_max_objects",
               "Backends, servers and routes that a source may have"),
        "provider"},
       {gauges("switchyard_collisions",
               "Backends, servers or routes that another provider names, too"),
        "provider"},
       {gauges("switchyard_provider_queue_depth",
               "Reports of a provider that wait for the manager"),
        "provider"}}};

  labelled<prometheus::Counter> restarts{
      counters("switchyard_actor_restarts_total",
               "Parts of switchyard that failed and started again"),
      "actor"};
  labelled<prometheus::Counter> lines{counters("switchyard_log_lines_total", "Lines of the log"),
                                      "level"};
  prometheus::Gauge& streams =
      gauge("switchyard_event_listeners", "Clients that follow /v1/events");

  /// Figures of a provider that left must not come back by what is still on its way.
  template <class Note>
  void of_known(std::string_view provider, Note note) {
    const std::lock_guard lock(mutex);
    if (providers.find(provider) != providers.end()) note();
  }

  mutable std::mutex mutex;
  std::map<std::string, clock::time_point, std::less<>> snapshots;  // guarded by mutex
  std::set<std::string, std::less<>> providers;                     // likewise
  scraped sources;                                                  // likewise
};

}  // namespace switchyard::api
