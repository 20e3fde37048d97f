#include "actors/status_book.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "base/redact.hpp"

namespace switchyard::actors {

namespace {

using namespace std::chrono_literals;

std::string_view word(model::provider_health::level value) {
  switch (value) {
    case model::provider_health::level::connecting:
      return "connecting";
    case model::provider_health::level::live:
      return "live";
    case model::provider_health::level::degraded:
      return "degraded";
  }
  return "";
}

std::vector<std::string> first_words_of(const std::vector<haproxy::reload_reason>& reasons) {
  std::vector<std::string> result;
  for (const auto& r : reasons) {
    if (result.size() == status_book::kept_names) {
      result.push_back("and " + std::to_string(reasons.size() - result.size()) + " more");
      break;
    }
    result.push_back(words_of(r));
  }
  return result;
}

api::apply_status pass_of(pass_kind kind, const haproxy::apply_report& report,
                          const std::vector<std::string>& backends, api::wall_time now) {
  api::apply_status pass;
  pass.revision = report.revision;
  pass.at = now;
  pass.took = report.took;
  pass.kind = to_string(kind);
  pass.backends.assign(backends.begin(),
                       backends.begin() + static_cast<std::ptrdiff_t>(
                                              std::min(backends.size(), status_book::kept_names)));
  pass.commands = report.steps;
  pass.failed_commands = report.failed_steps;
  pass.repaired = report.repaired;
  pass.routes = report.routes;
  pass.certificates = report.certificates;
  pass.reachable = report.reachable;
  pass.reloaded = report.reload.has_value();
  if (report.reload) pass.reload_reasons = first_words_of(report.reload_reasons);
  pass.waiting = first_words_of(report.waiting);
  return pass;
}

bool did_something(const haproxy::apply_report& r) {
  return r.steps > 0 || r.failed_steps > 0 || r.routes > 0 || r.certificates > 0 || r.reload ||
         r.reload_error;
}

}  // namespace

void status_book::configure(const config::settings& settings) {
  base_.haproxy.mode = to_string(settings.haproxy.mode);
  std::map<std::string, entry> next;
  order_.clear();
  for (const auto& p : settings.providers) {
    order_.push_back(p.name);
    const std::string type(config::type_of(p));
    auto known = providers_.extract(p.name);
    next[p.name] = known && known.mapped().type == type
                       ? std::move(known.mapped())
                       : entry{type, {}, std::nullopt, std::nullopt, std::nullopt};
  }
  providers_ = std::move(next);
}

void status_book::reported(const std::string& provider, api::wall_time now) {
  if (const auto known = providers_.find(provider); known != providers_.end())
    known->second.last_report = now;
}

void status_book::serves_last_good(const std::string& provider, api::wall_time as_of) {
  if (const auto known = providers_.find(provider); known != providers_.end())
    known->second.last_good = as_of;
}

std::optional<model::provider_health> status_book::health(const std::string& provider,
                                                          const model::provider_health& health,
                                                          steady_time now) {
  const auto known = providers_.find(provider);
  const model::provider_health shown{health.value, base::redact(health.reason)};
  if (known == providers_.end() || known->second.health == shown) return std::nullopt;
  if (shown.value == model::provider_health::level::live)
    known->second.left.reset();
  else if (!known->second.left)
    known->second.left = now;
  return std::exchange(known->second.health, shown);
}

void status_book::passed(pass_kind kind, const haproxy::apply_report& report,
                         const std::vector<std::string>& backends, api::wall_time now) {
  if (kind != pass_kind::later) ++base_.applies;
  base_.applied_revision = report.revision;
  base_.repaired += report.repaired;
  base_.haproxy.reachable = report.reachable;
  base_.haproxy.waiting = first_words_of(report.waiting);
  std::map<std::string, std::string> awaiting;
  for (const auto& [backend, reason] : haproxy::by_backend(report.waiting))
    awaiting.emplace(backend, words_of(reason));
  base_.haproxy.awaiting =
      std::make_shared<const std::map<std::string, std::string>>(std::move(awaiting));
  base_.haproxy.refused = std::make_shared<const std::set<std::string>>(report.refused);
  base_.haproxy.routes_refused = report.routes_refused;
  base_.haproxy.troubles.clear();
  for (const auto& trouble : report.troubles)
    base_.haproxy.troubles.push_back(base::redact(trouble));
  if (!report.version.empty()) base_.haproxy.version = report.version;
  base_.haproxy.pid = report.reachable ? report.worker : 0;
  if (report.restarted_after) {
    ++base_.haproxy.restarts;
    base_.haproxy.last_restart = {now, *report.restarted_after};
  }
  if (report.reload) ++base_.reloads;
  if (report.reload)
    reloads_.push_front({now, true, "took " + std::to_string(report.reload->took.count()) + " ms",
                         first_words_of(report.reload_reasons)});
  else if (report.reload_error)
    reloads_.push_front({now, false, *report.reload_error, first_words_of(report.reload_reasons)});
  if (reloads_.size() > kept_reloads) reloads_.pop_back();
  auto pass = pass_of(kind, report, backends, now);
  if (kind != pass_kind::later) base_.last_apply = pass;
  if (kind == pass_kind::changes || did_something(report)) recent_.push_front(std::move(pass));
  if (recent_.size() > kept_passes) recent_.pop_back();
}

/// What a provider that is not followed serves is as old as its last whole read, or as the moment
/// at which it was followed last, whichever came later.
void status_book::tell_age(api::provider_status& of, const entry& known, api::wall_time now,
                           steady_time steady_now, std::optional<std::chrono::seconds> read) {
  using std::chrono::duration_cast, std::chrono::seconds;
  if (!of.reported && known.last_good) {
    of.last_good = known.last_good;
    // Never negative: the clock may have been set back since.
    of.last_good_age = std::max(0s, duration_cast<seconds>(now - *known.last_good));
  }
  if (!of.reported || !known.left) return;
  const auto silent =
      std::min(duration_cast<seconds>(steady_now - *known.left), read.value_or(seconds::max()));
  if (silent < api::stale_after) return;
  of.stale = now - silent;
  of.stale_age = silent;
}

api::status status_book::view(const model::desired_state& desired, const refusal_log& refusals,
                              api::wall_time now, steady_time steady_now,
                              const std::map<std::string, std::chrono::seconds>& read) const {
  auto s = base_;
  s.revision = desired.revision();
  s.backends = desired.backends().size();
  s.servers = desired.server_count();
  s.recent.assign(recent_.begin(), recent_.end());
  s.haproxy.reloads.assign(reloads_.begin(), reloads_.end());
  for (const auto& name : order_) {
    const auto& known = providers_.at(name);
    api::provider_status p;
    p.name = name;
    p.type = known.type;
    p.state = word(known.health.value);
    p.reason = known.health.reason;
    p.last_report = known.last_report;
    const auto has = desired.summary(name);
    p.reported = has.reported;
    const auto last = read.find(name);
    tell_age(p, known, now, steady_now,
             last == read.end() ? std::nullopt : std::optional(last->second));
    p.backends = has.backends;
    p.servers = has.servers;
    p.routes = has.routes;
    s.routes += has.routes;
    p.refused = refusals.count(name);
    p.refusals = refusals.first(name, kept_objects);
    for (auto& r : p.refusals) r.reason = base::redact(r.reason);
    p.collisions = desired.collision_count(name);
    s.providers.push_back(std::move(p));
  }
  s.collision_count = desired.collisions().size();
  for (const auto& c : desired.collisions()) {
    if (s.collisions.size() == kept_objects) break;
    s.collisions.push_back(c);
  }
  return s;
}

}  // namespace switchyard::actors
