// The manager's last good views: what stands in for sources that do not answer at the start.

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "actors/manager_state.hpp"

namespace switchyard::actors {

void find_last_good(manager_self self) {
  auto& s = self->state;
  if (!s.keeper) return;
  const auto& names = s.guard.guarded();
  s.keeper->keep_only({names.begin(), names.end()});
  for (const auto& name : names)
    if (auto view = s.keeper->find(name)) s.last_good.emplace(name, *std::move(view));
  // Numbers of holds are never given twice, whichever provider is restored first.
  model::guard_memory numbers;
  for (const auto& [name, kept] : s.last_good) {
    numbers.last_id = std::max(numbers.last_id, kept.holds.last_id);
    for (const auto& h : kept.holds.holds) numbers.last_id = std::max(numbers.last_id, h.id);
  }
  s.guard.restore(numbers);
}

void use_last_good(manager_self self, const std::string& provider) {
  auto& s = self->state;
  const auto kept = s.last_good.extract(provider);
  if (!kept) return;
  const auto& [view, holds, as_of] = kept.mapped();
  const auto result = s.desired.fold(provider, view);
  s.guard.restore(holds);
  s.book.serves_last_good(provider, as_of);
  take_changes(self, provider, result, s.desired.complete());
  s.origins.changed(result.changed, result.routes_changed, provider,
                    std::chrono::steady_clock::now());
}

void fall_back(manager_self self, const std::string& provider) {
  auto& s = self->state;
  const auto kept = s.last_good.find(provider);
  if (kept == s.last_good.end()) return;
  const auto as_of = kept->second.as_of;
  use_last_good(self, provider);
  pump(self);
  tell_of_last_good(*s.seen_by, provider, as_of, std::chrono::system_clock::now());
}

void fall_back(manager_self self) {
  while (!self->state.last_good.empty())
    fall_back(self, std::string(self->state.last_good.begin()->first));
}

void keep(manager_self self, const std::string& provider, const report_ptr& report, bool at_once,
          view_keeper::written then) {
  auto& s = self->state;
  if (!s.keeper || !s.guard.guarded().contains(provider)) {
    if (then) then();
    return;
  }
  std::optional<model::guard_memory> holds;
  if (auto& kept = s.kept_holds[provider]; kept != s.guard.version()) {
    kept = s.guard.version();
    holds = s.guard.memory_of(provider);
  }
  s.keeper->take(provider, report, std::move(holds), std::chrono::system_clock::now(), at_once,
                 std::move(then));
}

}  // namespace switchyard::actors
