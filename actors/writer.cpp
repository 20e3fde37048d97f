#include "actors/writer.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "actors/lifeline_watch.hpp"
#include "actors/message_reader.hpp"

namespace switchyard::actors {

namespace {

using clock = std::chrono::steady_clock;

struct writer_state {
  writer_state() = default;
  static inline const char* name = "writer";

  observer_ptr seen_by;
  settings_ptr settings;
  std::unique_ptr<haproxy::gateway> gateway;
  std::unique_ptr<message_reader> messages;  ///< managed only
  std::unique_ptr<lifeline_watch> watch;
  std::optional<clock::time_point> next_tick;
  caf::weak_actor_ptr manager;  ///< the one that asked last
};
static_assert(!std::is_aggregate_v<writer_state>);  // CAF would build one from its self pointer

using writer_self = writer_actor::stateful_pointer<writer_state>;

clock::time_point time_of(writer_self self) {
  return self->clock().now();
}

/// Every handler ends here: look after the lifeline, plan the next tick.
apply_report_ptr finish(writer_self self, haproxy::apply_report report, clock::time_point started) {
  auto& s = self->state;
  report.took = std::chrono::duration_cast<std::chrono::microseconds>(time_of(self) - started);
  s.watch->watch(s.gateway->lifeline(), s.gateway->lifeline_generation());
  if (s.messages) s.messages->look();
  if (const auto next = s.gateway->next_work(); next && (!s.next_tick || *next < *s.next_tick)) {
    s.next_tick = next;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - time_of(self));
    self->delayed_send(self, std::max(wait, std::chrono::milliseconds(0)), tick_atom::value);
  }
  return std::make_shared<const haproxy::apply_report>(std::move(report));
}

/// Does what the manager asked for.
template <class Work>
apply_report_ptr answer(writer_self self, Work work) {
  const auto started = time_of(self);
  self->state.manager = caf::actor_cast<caf::weak_actor_ptr>(self->current_sender());
  return finish(self, work(*self->state.gateway, started), started);
}

/// Does what nobody asked for, and tells the manager.
template <class Work>
void on_its_own(writer_self self, Work work) {
  const auto started = time_of(self);
  const auto report = finish(self, work(*self->state.gateway, started), started);
  if (const auto manager = caf::actor_cast<caf::strong_actor_ptr>(self->state.manager))
    self->send(caf::actor_cast<manager_actor>(manager), noted_atom::value, report);
  else
    self->state.seen_by->did(*report);
}

bool take_over(writer_self self, const writer_options& options) {
  auto& s = self->state;
  s.gateway = std::make_unique<haproxy::gateway>(gateway_settings_of(*s.settings),
                                                 options.outside(s.settings->haproxy));
  s.watch = std::make_unique<lifeline_watch>(
      [to = caf::actor_cast<caf::weak_actor_ptr>(self)](std::uint64_t generation) {
        if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(to))
          caf::anon_send(caf::actor_cast<writer_actor>(strong), lost_atom::value, generation);
      });
  if (s.settings->haproxy.mode == config::haproxy_mode::managed)
    s.messages = std::make_unique<message_reader>(s.settings->haproxy.config_file, s.seen_by);
  haproxy::apply_report report;
  const auto now = time_of(self);
  const auto started = s.gateway->start(now, report);
  if (!started) {
    s.messages.reset();  // HAProxy's own words come first
    s.seen_by->say(spdlog::level::err, "haproxy", started.error().message);
    return false;
  }
  s.seen_by->did(*finish(self, std::move(report), now));
  return true;
}

writer_actor::behavior_type writer(writer_self self, settings_ptr settings, observer_ptr seen_by,
                                   const writer_options& options) {
  self->state.settings = std::move(settings);
  self->state.seen_by = std::move(seen_by);
  if (!take_over(self, options)) {
    self->quit(caf::make_error(caf::sec::runtime_error, "HAProxy cannot be taken over"));
    return writer_actor::behavior_type::make_empty_behavior();
  }
  return {
      [=](apply_atom, const apply_request_ptr& request) {
        return answer(self, [&](auto& gateway, auto now) { return gateway.apply(*request, now); });
      },
      [=](reconcile_atom) {
        return answer(self, [](auto& gateway, auto now) { return gateway.reconcile(now); });
      },
      [=](tick_atom) {
        auto& s = self->state;
        // One that was overtaken by an earlier one: what it was for has its own.
        if (!s.next_tick || time_of(self) < *s.next_tick) return;
        s.next_tick.reset();
        on_its_own(self, [](auto& gateway, auto now) { return gateway.tick(now); });
      },
      [=](lost_atom, std::uint64_t generation) {
        if (generation == self->state.gateway->lifeline_generation())
          on_its_own(self, [](auto& gateway, auto now) { return gateway.reconcile(now); });
      },
      [=](configure_atom, const settings_ptr& next) {
        self->state.settings = next;
        on_its_own(self, [&](auto& gateway, auto now) {
          return gateway.configure(gateway_settings_of(*next), now);
        });
      },
      [=](stop_atom) {
        auto& s = self->state;
        s.watch->watch(-1, 0);
        s.seen_by->did(s.gateway->shut_down(s.settings->drain_timeout));
        s.messages.reset();  // its last words too
        self->quit();
        return stop_atom::value;
      },
  };
}

}  // namespace

haproxy::gateway_settings gateway_settings_of(const config::settings& settings) {
  return {settings.haproxy, settings.frontends, settings.drain_timeout};
}

writer_actor spawn_writer(caf::actor_system& system, settings_ptr settings, observer_ptr seen_by,
                          writer_options options) {
  if (!options.detached) return system.spawn(writer, settings, seen_by, std::move(options));
  return system.spawn<caf::detached>(writer, settings, seen_by, std::move(options));
}

}  // namespace switchyard::actors
