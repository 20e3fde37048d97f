// Decisions about what the guard holds, in the manager.

#include <chrono>
#include <memory>
#include <utility>

#include "actors/manager_state.hpp"

namespace switchyard::actors {

namespace {

/// Folds what is no report of the source's at this moment.
void take(manager_self self, const std::string& provider, const report_ptr& report,
          const std::vector<hold_news>& news, view_keeper::written then = {}) {
  auto& s = self->state;
  const bool was_complete = s.desired.complete();
  const auto result = s.desired.fold(provider, *report);
  take_changes(self, provider, result, was_complete);
  s.origins.changed(result.changed, result.routes_changed, provider,
                    std::chrono::steady_clock::now());
  keep(self, provider, report, true, std::move(then));
  tell_of_holds(*s.seen_by, news);
  s.seen_by->collided(result, s.desired);
  s.seen_by->desires(s.desired, s.queue.depth());
}

/// Takes what has waited for room. Call when time was kept.
void take_waiting(manager_self self) {
  auto& s = self->state;
  while (const auto next =
             s.guard.take_waiting(s.desired, std::chrono::system_clock::now(), s.names.book()))
    take(self, next->first, next->second.report, next->second.news);
}

void let_go(manager_self self, const guarding::release& what, view_keeper::written then = {}) {
  take(self, what.what.provider, std::make_shared<const model::report>(what.removals), {what.news},
       std::move(then));
}

/// To be called on the keeper's thread, which must not keep the manager alive.
view_keeper::written tell_when_kept(manager_self self, dispatch_queue::ticket ticket) {
  return [to = caf::actor_cast<caf::weak_actor_ptr>(self), ticket] {
    if (const auto manager = caf::actor_cast<caf::strong_actor_ptr>(to))
      caf::anon_send(caf::actor_cast<manager_actor>(manager), kept_atom::value, ticket);
  };
}

decision_ptr decided(const base::outcome<api::hold_status>& hold, dispatch_queue::ticket ticket) {
  return std::make_shared<const decision_answer>(decision_answer{hold, ticket});
}

}  // namespace

decision_ptr approve(manager_self self, std::uint64_t id) {
  auto& s = self->state;
  const auto released = s.guard.approve(id, s.desired);
  if (!released) return decided(released.error(), 0);
  const auto ticket = s.queue.reserve();
  s.unwritten.insert(ticket);
  let_go(self, *released, tell_when_kept(self, ticket));
  take_waiting(self);
  s.queue.issue(released->what.provider, ticket);
  pump(self);
  return decided(released->what, ticket);
}

decision_ptr reject(manager_self self, std::uint64_t id) {
  auto& s = self->state;
  const auto kept = s.guard.reject(id);
  if (!kept) return decided(kept.error(), 0);
  const auto ticket = s.queue.issue(kept->provider);
  s.unwritten.insert(ticket);
  keep(self, kept->provider, nullptr, true, tell_when_kept(self, ticket));
  tell_of_holds(*s.seen_by, {{spdlog::level::info, kept->provider, kept->backend,
                              "hold " + std::to_string(id) + " of provider " + kept->provider +
                                  " was rejected: what is held stays"}});
  pump(self);
  return decided(kept, ticket);
}

void let_go_what_is_due(manager_self self) {
  auto& s = self->state;
  const auto now = std::chrono::system_clock::now();
  s.guard.keep_time(now, std::chrono::steady_clock::now());
  while (const auto due = s.guard.expire(s.desired, now)) let_go(self, *due);
  take_waiting(self);
}

caf::typed_response_promise<std::uint64_t> await(manager_self self, dispatch_queue::ticket ticket) {
  auto promise = self->make_response_promise<std::uint64_t>();
  self->state.promises.emplace(ticket, promise);
  answer(self, ticket);
  return promise;
}

void decision_kept(manager_self self, dispatch_queue::ticket ticket) {
  self->state.unwritten.erase(ticket);
  answer(self, ticket);
}

void answer(manager_self self, dispatch_queue::ticket ticket) {
  auto& s = self->state;
  const auto promise = s.promises.find(ticket);
  if (promise == s.promises.end() || s.queue.pending(ticket) || s.unwritten.contains(ticket))
    return;
  promise->second.deliver(s.desired.revision());
  s.promises.erase(promise);
}

}  // namespace switchyard::actors
