#include "actors/timer.hpp"

#include <utility>

namespace switchyard::actors {

namespace {

struct timer_state {
  timer_state() = default;
  static inline const char* name = "timer";

  std::chrono::milliseconds interval{0};
  std::uint64_t round = 0;
  manager_actor manager;
};
static_assert(!std::is_aggregate_v<timer_state>);  // CAF would build one from its self pointer

using timer_self = timer_actor::stateful_pointer<timer_state>;

void rearm(timer_self self) {
  ++self->state.round;
  self->delayed_send(self, self->state.interval, tick_atom::value, self->state.round);
}

timer_actor::behavior_type timer(timer_self self, const settings_ptr& settings) {
  self->state.interval = settings->reconcile.interval;
  return {
      [=](use_atom, const manager_actor& manager) {
        self->state.manager = manager;
        rearm(self);
      },
      [=](tick_atom, std::uint64_t round) {
        if (round != self->state.round) return;
        if (self->state.manager) self->send(self->state.manager, reconcile_atom::value);
        rearm(self);
      },
      [=](configure_atom, const settings_ptr& next) {
        // Settings that come often must not put it off.
        if (std::exchange(self->state.interval, next->reconcile.interval) !=
                next->reconcile.interval &&
            self->state.manager)
          rearm(self);
      },
  };
}

}  // namespace

timer_actor spawn_timer(caf::actor_system& system, settings_ptr settings) {
  return system.spawn(timer, std::move(settings));
}

}  // namespace switchyard::actors
