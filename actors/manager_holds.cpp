// Decisions about what the guard holds, in the manager.

#include <chrono>
#include <memory>

#include "actors/manager_state.hpp"

namespace switchyard::actors {

namespace {

void let_go(manager_self self, const guarding::release& what) {
  auto& s = self->state;
  const auto& provider = what.what.provider;
  const auto result = s.desired.fold(provider, what.removals);
  take_changes(self, result, s.desired.complete());
  s.origins.changed(result.changed, result.routes_changed, provider,
                    std::chrono::steady_clock::now());
  keep(self, provider, std::make_shared<const model::report>(what.removals), true);
  tell_of_holds(*s.seen_by, {what.news});
  s.seen_by->desires(s.desired, s.queue.depth());
}

}  // namespace

decision_ptr approve(manager_self self, std::uint64_t id) {
  auto& s = self->state;
  const auto released = s.guard.approve(id, s.desired);
  if (!released) return std::make_shared<const decision_answer>(decision_answer{released.error()});
  let_go(self, *released);
  const auto ticket = s.queue.issue();
  pump(self);
  return std::make_shared<const decision_answer>(decision_answer{released->what, ticket});
}

decision_ptr reject(manager_self self, std::uint64_t id) {
  auto& s = self->state;
  const auto kept = s.guard.reject(id);
  if (kept) {
    keep(self, kept->provider, nullptr, true);
    tell_of_holds(*s.seen_by, {{spdlog::level::info, kept->provider, kept->backend,
                                "hold " + std::to_string(id) + " of provider " + kept->provider +
                                    " was rejected: what is held stays"}});
  }
  const auto ticket = s.queue.issue();
  pump(self);
  return std::make_shared<const decision_answer>(decision_answer{kept, ticket});
}

void let_go_what_is_due(manager_self self) {
  auto& s = self->state;
  while (const auto due = s.guard.expire(s.desired, std::chrono::system_clock::now()))
    let_go(self, *due);
}

caf::typed_response_promise<std::uint64_t> await(manager_self self, dispatch_queue::ticket ticket) {
  auto& s = self->state;
  auto promise = self->make_response_promise<std::uint64_t>();
  if (ticket <= s.last_fulfilled)
    promise.deliver(s.desired.revision());
  else
    s.promises.emplace(ticket, promise);
  return promise;
}

}  // namespace switchyard::actors
