#include "actors/guarding.hpp"

#include <utility>
#include <variant>

#include "base/duration.hpp"
#include "base/text.hpp"

namespace switchyard::actors {

namespace {

base::error no_such_hold(std::uint64_t id) {
  return {base::errc::not_found, "nothing is held under the number " + std::to_string(id)};
}

}  // namespace

void tell_of_last_good(observer& whom, const std::string& provider, model::wall_time as_of,
                       model::wall_time now) {
  log_fields about;
  about.provider = provider;
  whom.say(spdlog::level::warn, "provider",
           provider + ": its source has not been read yet; what it had is served, " +
               api::age_text(std::chrono::duration_cast<std::chrono::seconds>(now - as_of)) +
               " old, and nothing is removed until it has been read",
           about);
}

void tell_of_holds(observer& whom, const std::vector<hold_news>& all) {
  for (const auto& n : all) {
    log_fields about;
    about.provider = n.provider;
    about.backend = n.backend;
    whom.say(n.level, "hold", n.text, about);
  }
}

void guarding::configure(const config::settings& settings) {
  std::set<std::string> leading, guarded;
  for (const auto& f : settings.frontends)
    if (f.default_backend) leading.insert(*f.default_backend);
  // What is changed by hand is meant.
  for (const auto& p : settings.providers)
    if (!std::holds_alternative<config::memory_settings>(p.source)) guarded.insert(p.name);
  guard_.configure(settings.guard, std::move(leading), std::move(guarded));
  most_.clear();
  for (const auto& p : settings.providers) most_.emplace(p.name, p.max_objects);
  std::erase_if(waiting_, [&](const auto& w) { return !guard_.guarded().contains(w.first); });
}

void guarding::keep_time(model::wall_time now, std::chrono::steady_clock::time_point steady_now) {
  const auto by = clocks_.set_by(now, steady_now);
  if (by != by.zero()) guard_.clock_set(by);
}

// -- decisions

guarding::release guarding::let_go(model::guard::release&& from, const std::string& why) const {
  const auto text = "hold " + std::to_string(from.what.id) + " of provider " + from.what.provider +
                    " " + why + ": it lets go of " + model::content_of(from.what);
  return {status_of(from.what, named_in_list),
          std::move(from.removals),
          {spdlog::level::warn, from.what.provider, from.what.backend, text}};
}

base::outcome<guarding::release> guarding::approve(std::uint64_t id,
                                                   const model::desired_state& desired) {
  auto released = guard_.approve(id, desired);
  if (!released) return no_such_hold(id);
  return let_go(*std::move(released), "was approved");
}

base::outcome<api::hold_status> guarding::reject(std::uint64_t id) {
  const auto kept = guard_.reject(id);
  if (!kept) return no_such_hold(id);
  return status_of(*kept, named_in_list);
}

std::optional<guarding::release> guarding::expire(const model::desired_state& desired,
                                                  model::wall_time now) {
  auto due = guard_.expire(desired, now);
  if (!due) return std::nullopt;
  const auto longest = guard_.rules().hold_timeout.value_or(std::chrono::milliseconds(0));
  return let_go(*std::move(due),
                "has ended after its hold_timeout of " + base::format_duration(longest));
}

// -- what is seen of it

api::hold_status guarding::status_of(const model::hold& h, std::size_t most) const {
  api::hold_status s;
  s.id = h.id;
  s.provider = h.provider;
  s.backend = h.backend;
  s.cause = to_string(h.cause);
  s.what = model::what_of(h);
  s.lost = h.lost;
  s.of = h.of;
  s.since = h.since;
  s.rejected = h.rejected;
  if (const auto longest = guard_.rules().hold_timeout; longest && !h.rejected)
    s.expires = h.since + *longest;
  s.server_count = h.server_count();
  s.route_count = h.routes.size();
  for (const auto& [backend, names] : h.servers)
    for (const auto& name : names)
      if (s.servers.size() < most) s.servers.emplace_back(backend, name);
  for (const auto& at : h.routes)
    if (s.routes.size() < most) s.routes.push_back(at);
  return s;
}

api::hold_list guarding::list(std::size_t most) const {
  api::hold_list all;
  all.count = guard_.holds().size();
  for (const bool rejected : {false, true})
    for (const auto& [id, h] : guard_.holds())
      if (h.rejected == rejected && all.holds.size() < most)
        all.holds.push_back(status_of(h, most));
  return all;
}

void guarding::show(api::status& status) const {
  status.holds = list(named_in_status);
  for (const auto& [id, h] : guard_.holds())
    for (auto& p : status.providers)
      if (p.name == h.provider) p.held += h.server_count();
  for (auto& p : status.providers) {
    const auto over = waiting_.find(p.name);
    if (over == waiting_.end()) continue;
    p.reason = excess(p.name, over->second) + (p.reason.empty() ? "" : "; " + p.reason);
    p.state = "degraded";
  }
}

void guarding::mark(model::backend_page& page) const {
  if (guard_.holds().empty()) return;
  for (auto& b : page.backends)
    for (const auto& origin : b.origins) b.held += held_in(origin, b.value->name).size();
}

}  // namespace switchyard::actors
