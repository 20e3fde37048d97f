#include "providers/publisher.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::providers {

namespace {

bool same(const model::backend_event& a, const model::backend_event& b) {
  const bool values = a.value == b.value || (a.value && b.value && *a.value == *b.value);
  return values && a.settings_refused == b.settings_refused &&
         a.servers_refused == b.servers_refused && a.refused_servers == b.refused_servers;
}

}  // namespace

bool publisher::news(const model::report& report) const {
  if (!anything_) return true;
  if (report.routes && (report.routes != routes_ || report.refused_routes != refused_routes_ ||
                        report.gone_routes != gone_routes_))
    return true;
  // Its taker may know more of what was refused than is known here.
  if (report.full
          ? model::known_refusals(report.refused) != refused_
          : !report.refused.empty() || !report.gone_refusals.empty() || refused_.settled_by(report))
    return true;
  if (report.full && report.backends.size() != backends_.size()) return true;
  return !std::ranges::all_of(report.backends, [&](const auto& named) {
    const auto known = backends_.find(named.first);
    if (known == backends_.end()) return !named.second.value;
    return same(known->second, named.second);
  });
}

void publisher::remember(const model::report& report) {
  if (report.full) {
    anything_ = true;
    backends_.clear();
    refused_ = model::known_refusals(report.refused);
  } else {
    const model::known_refusals now(report.refused);
    refused_.settle(report);
    for (const auto& [key, list] : now.by_key()) refused_.put(key, list);
  }
  for (const auto& [name, event] : report.backends) {
    if (event.value)
      backends_.insert_or_assign(name, event);
    else
      backends_.erase(name);
  }
  if (!report.routes) return;
  routes_ = report.routes;
  refused_routes_ = report.refused_routes;
  gone_routes_ = report.gone_routes;
}

void publisher::report(model::report report) {
  if (!news(report)) {
    if (report.full) unchanged();
    return;
  }
  remember(report);
  target_.report(std::move(report));
}

void publisher::unchanged() {
  if (anything_) target_.unchanged();
}

const model::backend_event* publisher::known(const std::string& name) const {
  const auto at = backends_.find(name);
  return at == backends_.end() ? nullptr : &at->second;
}

void publisher::live(std::string note) {
  health({model::provider_health::level::live, std::move(note)});
}

void publisher::degraded(std::string reason) {
  health({model::provider_health::level::degraded, std::move(reason)});
}

void publisher::health(model::provider_health health) {
  if (health == health_) return;
  health_ = health;
  target_.health(std::move(health));
}

}  // namespace switchyard::providers
