#include "api/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <set>
#include <sstream>
#include <utility>

#include "api/haproxy_families.hpp"
#include "api/metric_families.hpp"
#include "api/process_figures.hpp"
#include "api/seconds.hpp"

namespace switchyard::api {

namespace {

using prometheus::Histogram;

/// From half a millisecond, what a change usually takes, to a minute, what one that waits for
/// reloads or for HAProxy may take.
const Histogram::BucketBoundaries seconds_buckets{
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

const char* result_name(bool succeeded) {
  return succeeded ? "ok" : "failed";
}

const char* to_string(command_result result) {
  switch (result) {
    case command_result::done:
      return "done";
    case command_result::refused:
      return "refused";
    case command_result::lost:
      return "lost";
  }
  return "lost";
}

const char* to_string(pass what) {
  switch (what) {
    case pass::apply:
      return "apply";
    case pass::reconcile:
      return "reconcile";
    case pass::tick:
      return "tick";
  }
  return "tick";
}

}  // namespace

metrics::metrics(const std::string& version) : families_(std::make_unique<families>(version)) {
  for (const auto what : {pass::apply, pass::reconcile, pass::tick})
    families_->passes.at(to_string(what), "", seconds_buckets);
  for (const bool ok : {true, false}) {
    families_->reloads.at(result_name(ok));
    families_->reload_seconds.at(result_name(ok), "", seconds_buckets);
  }
  // An increase is seen from the first restart on where it begins with 0.
  for (const auto* actor : {"api", "manager", "timer", "writer"}) families_->restarts.at(actor);
}

metrics::~metrics() = default;

void metrics::ask(scraped sources) {
  const std::lock_guard lock(families_->mutex);
  families_->sources = std::move(sources);
}

void metrics::propagated(std::string_view provider, nanoseconds took) {
  families_->of_known(provider, [&] {
    families_->propagation.at(provider, "", seconds_buckets).Observe(in_seconds(took));
  });
}

void metrics::queued(std::size_t backends) {
  families_->queue.Set(static_cast<double>(backends));
}

void metrics::desired(std::uint64_t revision, std::size_t backends, std::size_t routes) {
  families_->revision.Set(static_cast<double>(revision));
  families_->backends.Set(static_cast<double>(backends));
  families_->routes.Set(static_cast<double>(routes));
}

void metrics::applied(std::uint64_t revision) {
  families_->applied.Set(static_cast<double>(revision));
}

void metrics::passed(pass what, nanoseconds took) {
  families_->passes.at(to_string(what), "", seconds_buckets).Observe(in_seconds(took));
}

void metrics::commanded(std::string_view kind, command_result result, std::uint64_t count) {
  families_->commands.at(kind, to_string(result)).Increment(static_cast<double>(count));
}

void metrics::repaired(std::string_view kind, std::uint64_t count) {
  families_->repairs.at(kind).Increment(static_cast<double>(count));
}

void metrics::reloaded(bool succeeded, nanoseconds took) {
  families_->reloads.at(result_name(succeeded)).Increment();
  families_->reload_seconds.at(result_name(succeeded), "", seconds_buckets)
      .Observe(in_seconds(took));
}

void metrics::reload_reason(std::string_view reason, bool succeeded, std::uint64_t count) {
  families_->reasons.at(reason, result_name(succeeded)).Increment(static_cast<double>(count));
}

void metrics::reload_waits(std::size_t reasons) {
  families_->waiting.Set(static_cast<double>(reasons));
}

void metrics::haproxy_restarted() {
  families_->haproxy_restarts.Increment();
}

void metrics::reachable(bool yes) {
  families_->reached.Set(yes ? 1 : 0);
}

void metrics::provider_known(std::string_view provider, std::string_view type) {
  const std::lock_guard lock(families_->mutex);
  families_->provider_info.remove(provider);
  families_->provider_info.at(provider, type).Set(1);
  families_->up.at(provider);
  for (auto& figure : families_->provider_figures) figure.at(provider);
  families_->propagation.at(provider, "", seconds_buckets);
  families_->restarts.at("provider " + std::string(provider));
  families_->providers.emplace(provider);
}

void metrics::provider_gone(std::string_view provider) {
  const std::lock_guard lock(families_->mutex);
  families_->provider_info.remove(provider);
  families_->up.remove(provider);
  for (auto& figure : families_->provider_figures) figure.remove(provider);
  families_->propagation.remove(provider);
  std::erase_if(families_->providers, [&](const auto& name) { return name == provider; });
  std::erase_if(families_->snapshots, [&](const auto& s) { return s.first == provider; });
}

void metrics::provider_up(std::string_view provider, bool up) {
  families_->of_known(provider, [&] { families_->up.at(provider).Set(up ? 1 : 0); });
}

std::map<std::string, std::chrono::seconds> metrics::snapshot_ages(clock::time_point now) const {
  const std::lock_guard lock(families_->mutex);
  std::map<std::string, std::chrono::seconds> ages;
  for (const auto& [provider, when] : families_->snapshots)
    ages.emplace(provider, std::chrono::duration_cast<std::chrono::seconds>(now - when));
  return ages;
}

void metrics::snapshot(std::string_view provider, clock::time_point when) {
  families_->of_known(provider,
                      [&] { families_->snapshots.insert_or_assign(std::string(provider), when); });
}

void metrics::provider_has(std::string_view provider, provider_figure what, std::size_t count) {
  families_->of_known(provider, [&] {
    auto& figure = families_->provider_figures.at(static_cast<std::size_t>(what));
    figure.at(provider).Set(static_cast<double>(count));
  });
}

void metrics::restarted(std::string_view actor) {
  families_->restarts.at(actor).Increment();
}

void metrics::logged(std::string_view level) {
  families_->lines.at(level).Increment();
}

void metrics::listeners(std::size_t event_streams) {
  families_->streams.Set(static_cast<double>(event_streams));
}

std::string metrics::text() const {
  auto all = families_->registry.Collect();
  scraped sources;
  std::set<std::string, std::less<>> providers;
  auto ages = gauge_family("switchyard_provider_last_snapshot_age_seconds",
                           "How long ago a provider read the full view of its source");
  {
    const std::lock_guard lock(families_->mutex);
    sources = families_->sources;
    providers = families_->providers;
    const auto now = clock::now();
    for (const auto& [provider, when] : families_->snapshots)
      add_value(ages, in_seconds(now - when), {{"provider", provider}});
  }
  if (!ages.metric.empty()) all.push_back(std::move(ages));
  add_haproxy(sources, all);
  add_holds(sources, providers, all);
  for (auto& family : process_figures()) all.push_back(std::move(family));
  std::erase_if(all, [](const auto& family) { return family.metric.empty(); });
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, all);
  return std::move(out).str();
}

}  // namespace switchyard::api
