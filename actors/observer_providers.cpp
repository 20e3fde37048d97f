// What is told of providers.

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "actors/observer.hpp"
#include "base/text.hpp"

namespace switchyard::actors {

namespace {

/// One fold may bring thousands of them; status counts them all.
constexpr std::size_t told_collisions = 20;

std::span<const model::collision> first_of(const std::vector<model::collision>& all,
                                           std::size_t most) {
  return std::span(all).first(std::min(all.size(), most));
}

std::string ended(const model::collision& c) {
  if (c.what == model::contested::route)
    return "no collision of " + c.owner + " and " + c.other + " any more: route " + c.route;
  const auto what = c.what == model::contested::server
                        ? "server " + c.server + " of backend " + c.backend
                        : std::string(c.what == model::contested::settings ? "settings" : "name") +
                              " of backend " + c.backend;
  return "no collision of " + c.owner + " and " + c.other + " any more: " + what;
}

}  // namespace

void observer::configured(const config::settings& settings) {
  const std::lock_guard lock(mutex_);
  std::set<std::string> now;
  for (const auto& p : settings.providers) {
    now.insert(p.name);
    figures_->provider_known(p.name, config::type_of(p));
    figures_->provider_has(p.name, api::provider_figure::max_objects, p.max_objects);
  }
  for (const auto& name : providers_)
    if (!now.contains(name)) figures_->provider_gone(name);
  providers_ = std::move(now);
}

void observer::read_whole(const std::string& provider) {
  figures_->snapshot(provider, api::metrics::clock::now());
}

void observer::counts(const std::string& provider, std::size_t objects) {
  figures_->provider_has(provider, api::provider_figure::objects, objects);
}

void observer::holds_back(const std::string& provider, std::size_t reports) {
  figures_->provider_has(provider, api::provider_figure::waiting, reports);
}

void observer::reported(const std::string& provider, const model::report& report,
                        const refusal_log::news& refusals, std::size_t known) {
  if (log_->should_log(spdlog::level::debug))
    log_->debug("{}: a {} of {}, {} refused", provider, report.full ? "full view" : "change",
                base::counted(report.backends.size(), "backend"), report.refused.size());
  if (report.full) read_whole(provider);
  figures_->provider_has(provider, api::provider_figure::refused, known);
  refuses(provider, refusals.refused);
  log_fields fields;
  fields.provider = provider;
  for (const auto& line : refusals.settled)
    say(spdlog::level::info, "refused", provider + ": " + line, fields);
}

void observer::refuses(const std::string& provider, const std::vector<std::string>& lines) {
  log_fields fields;
  fields.provider = provider;
  for (const auto& line : lines)
    say(spdlog::level::warn, "refused", provider + ": " + line, fields);
}

void observer::collided(const model::fold_result& what, const model::desired_state& desired) {
  const auto tell_both = [&](spdlog::level::level_enum level, const model::collision& c,
                             const std::string& text) {
    log_fields fields;
    fields.backend = c.backend;
    fields.server = c.server;
    for (const auto* provider : {&c.owner, &c.other}) {
      fields.provider = *provider;
      say(level, "collision", *provider + ": " + text, fields);
    }
  };
  for (const auto& c : first_of(what.new_collisions, told_collisions))
    tell_both(spdlog::level::err, c, sentence(c));
  for (const auto& c : first_of(what.ended_collisions, told_collisions))
    tell_both(spdlog::level::info, c, ended(c));
  if (what.new_collisions.empty() && what.ended_collisions.empty()) return;
  const std::lock_guard lock(mutex_);
  for (const auto& name : providers_)
    figures_->provider_has(name, api::provider_figure::collisions, desired.collision_count(name));
}

void observer::fares(const std::string& provider, const model::provider_health& before,
                     const model::provider_health& now) {
  using level = model::provider_health::level;
  figures_->provider_up(provider, now.value == level::live);
  log_fields fields;
  fields.provider = provider;
  if (now.value == level::live)
    say(spdlog::level::info, "provider",
        provider + ": live" + (now.reason.empty() ? "" : "; " + now.reason), fields);
  else if (now.value == level::degraded)
    say(spdlog::level::warn, "provider",
        provider + ": " + now.reason +
            (before.value == level::live ? "; what it had last stays in service" : ""),
        fields);
}

}  // namespace switchyard::actors
