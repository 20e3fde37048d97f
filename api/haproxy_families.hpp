#pragma once

// What a scrape asks others at that moment, as metrics: HAProxy, its master and the guard.
//
// Threading: free functions; they take as long as the sources that they ask.

#include <prometheus/metric_family.h>

#include <set>
#include <string>
#include <vector>

#include "api/metrics.hpp"

namespace switchyard::api {

prometheus::MetricFamily gauge_family(const char* name, const char* help);
void add_value(prometheus::MetricFamily& to, double value,
               std::vector<prometheus::ClientMetric::Label> labels = {});

/// switchyard_haproxy_up, and what HAProxy and its master say; what cannot be asked is left out.
void add_haproxy(const scraped& ask, std::vector<prometheus::MetricFamily>& all);
/// switchyard_holds and switchyard_held_servers of these providers.
void add_holds(const scraped& ask, const std::set<std::string, std::less<>>& providers,
               std::vector<prometheus::MetricFamily>& all);

}  // namespace switchyard::api
