// Host names of servers, in the manager.

#include <memory>
#include <utility>

#include "actors/manager_state.hpp"

namespace switchyard::actors {

void take_answer(manager_self self, const name_answer& answer) {
  auto& s = self->state;
  const auto taken = s.names.take(answer);
  if (!taken.line.empty())
    s.seen_by->say(taken.bad ? spdlog::level::warn : spdlog::level::info, "name", taken.line);
  s.queue.addresses_changed(taken.changed);
  pump(self);
}

host_names::listener answers_to(manager_self self) {
  return [to = caf::actor_cast<caf::weak_actor_ptr>(self)](name_answer answer) {
    if (const auto manager = caf::actor_cast<caf::strong_actor_ptr>(to))
      caf::anon_send(caf::actor_cast<manager_actor>(manager), resolved_atom::value,
                     std::make_shared<const name_answer>(std::move(answer)));
  };
}

}  // namespace switchyard::actors
