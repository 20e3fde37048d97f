// Reports on their way through the guard, and those that wait since there is no room for what would
// be held of them.

#include <utility>

#include "actors/guarding.hpp"
#include "model/object_quota.hpp"

namespace switchyard::actors {

namespace {

hold_news began(const model::hold& h) {
  const auto id = std::to_string(h.id);
  return {spdlog::level::warn, h.provider, h.backend,
          "hold " + id + ": " + model::what_of(h) + "; " + model::content_of(h) +
              " missing in the source, kept in service; `switchyard approve " + id +
              "` lets go, `switchyard reject " + id +
              "` keeps it, and the hold ends when the source has it again"};
}

hold_news ended(const model::hold& h) {
  return {spdlog::level::info, h.provider, h.backend,
          "hold " + std::to_string(h.id) + " of provider " + h.provider +
              (h.backend.empty() ? "" : ", backend " + h.backend) +
              " has ended: the source has what was missing, or as much"};
}

std::size_t objects_in(const model::view_summary& view) {
  return view.backends + view.servers + view.routes;
}

/// How many objects the report names.
std::size_t objects_in(const model::report& report) {
  std::size_t n = report.routes ? model::routes_in(report) : 0;
  for (const auto& [name, event] : report.backends) n += model::objects_in(event, 0);
  return n;
}

/// How many the provider has once the report is folded.
std::size_t objects_after(const std::string& provider, const model::desired_state& desired,
                          const model::report& report) {
  const auto view = desired.summary(provider);
  const auto& backends = desired.backends_of(provider);
  auto n = report.routes ? model::routes_in(report) : view.routes;
  if (!report.full) n += view.backends + view.servers;
  for (const auto& [name, event] : report.backends) {
    const auto known = backends.find(name);
    const auto before = known == backends.end() ? 0 : 1 + known->second->servers.size();
    n += model::objects_in(event, before);
    if (!report.full) n -= before;
  }
  return n;
}

hold_news told(spdlog::level::level_enum level, const std::string& provider,
               const std::string& text) {
  return {level, provider, "", provider + ": " + text};
}

}  // namespace

std::size_t guarding::most_of(const std::string& provider) const {
  const auto known = most_.find(provider);
  return known == most_.end() ? 0 : known->second;
}

std::string guarding::excess(const std::string& provider, const waiting& what) const {
  return "with what is held the source would have " + std::to_string(what.objects) +
         " backends, servers and routes, more than max_objects (" +
         std::to_string(most_of(provider)) +
         "): nothing more of it is taken, and the last good view stays; let go what is held "
         "(`switchyard approve`), or raise max_objects";
}

/// What is to be folded, and nothing when there is no room: then nothing has happened.
std::optional<guarding::screened> guarding::take(const std::string& provider,
                                                 const model::desired_state& desired,
                                                 const report_ptr& report, model::wall_time now,
                                                 const model::name_book& names) {
  const auto most = most_of(provider), taken = objects_in(desired.summary(provider));
  std::optional<model::guard> before;
  if (most > 0 && taken + objects_in(*report) > most) before = guard_;
  auto verdict = guard_.screen(provider, desired, *report, now, names);
  screened result{report, {}};
  if (verdict.instead)
    result.report = std::make_shared<const model::report>(*std::move(verdict.instead));
  for (const auto& h : verdict.began) result.news.push_back(began(h));
  for (const auto& h : verdict.ended) result.news.push_back(ended(h));
  // The first hold fits in any case: else nothing would be there to be let go.
  if (!before || before->memory_of(provider).holds.empty()) return result;
  too_many_ = objects_after(provider, desired, *result.report);
  if (too_many_ <= most || too_many_ <= taken) return result;
  guard_ = *std::move(before);
  return std::nullopt;
}

void guarding::wait(const std::string& provider, const model::desired_state& desired,
                    report_ptr all) {
  waiting_.insert_or_assign(
      provider, waiting{std::move(all), too_many_, objects_in(desired.summary(provider)),
                        most_of(provider), guard_.version()});
}

guarding::screened guarding::screen(const std::string& provider,
                                    const model::desired_state& desired, const report_ptr& report,
                                    model::wall_time now, const model::name_book& names) {
  const auto known = waiting_.find(provider);
  if (known == waiting_.end()) {
    if (auto taken = take(provider, desired, report, now, names)) return *std::move(taken);
    wait(provider, desired, report);
    return {nullptr,
            {told(spdlog::level::warn, provider, excess(provider, waiting_.at(provider)))}};
  }
  auto all = std::make_shared<model::report>(*known->second.all);
  model::fold(*all, model::report(*report));
  all->seen_at = report->seen_at;
  if (auto taken = take(provider, desired, all, now, names)) {
    waiting_.erase(known);
    taken->news.push_back(told(spdlog::level::info, provider, "there is room for what is held"));
    return *std::move(taken);
  }
  wait(provider, desired, std::move(all));
  // What needs no room goes on.
  if (!report->full)
    if (auto taken = take(provider, desired, report, now, names)) return *std::move(taken);
  return {nullptr, {}};
}

std::optional<std::pair<std::string, guarding::screened>> guarding::take_waiting(
    const model::desired_state& desired, model::wall_time now, const model::name_book& names) {
  for (auto& [provider, what] : waiting_) {
    const auto objects = objects_in(desired.summary(provider));
    if (what.taken == objects && what.most == most_of(provider) && what.version == guard_.version())
      continue;
    auto taken = take(provider, desired, what.all, now, names);
    if (!taken) {
      wait(provider, desired, report_ptr(what.all));
      continue;
    }
    taken->news.push_back(told(spdlog::level::info, provider, "there is room for what is held"));
    std::pair result(provider, *std::move(taken));
    waiting_.erase(result.first);
    return result;
  }
  return std::nullopt;
}

}  // namespace switchyard::actors
