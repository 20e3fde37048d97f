#include "actors/provider.hpp"

#include <optional>
#include <utility>

#include "actors/event_buffer.hpp"

namespace switchyard::actors {

namespace {

/// Where the provider's thread reports to: a buffer, the last health, and a knock at the actor's
/// door.
class actor_sink final : public providers::sink {
 public:
  actor_sink(std::size_t capacity, caf::weak_actor_ptr actor)
      : buffer_(capacity), actor_(std::move(actor)) {}

  void report(model::report report) override {
    if (buffer_.put(std::move(report))) wake();
  }

  void health(model::provider_health health) override {
    {
      const std::lock_guard lock(mutex_);
      health_ = std::move(health);
    }
    wake();
  }

  std::optional<model::report> take_report() { return buffer_.take(); }
  std::optional<model::provider_health> take_health() {
    const std::lock_guard lock(mutex_);
    return std::exchange(health_, std::nullopt);
  }
  void clear() {
    buffer_.clear();
    take_health();
  }

 private:
  void wake() {
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(actor_))
      caf::anon_send(caf::actor_cast<provider_actor>(strong), wake_atom::value);
  }

  event_buffer buffer_;
  caf::weak_actor_ptr actor_;
  std::mutex mutex_;
  std::optional<model::provider_health> health_;
};

struct provider_state {
  provider_state() = default;
  static inline const char* name = "provider";
  // Whatever ends the actor, the provider's thread ends with it.
  ~provider_state() {
    if (provider) provider->stop();
  }
  provider_state(const provider_state&) = delete;
  provider_state& operator=(const provider_state&) = delete;

  std::string label;
  log_ptr log;
  std::unique_ptr<actor_sink> sink;  // outlives the provider
  providers::provider_ptr provider;
  manager_actor manager;
  std::uint64_t epoch = 0;
  bool in_flight = false;
};

using provider_self = provider_actor::stateful_pointer<provider_state>;

/// Hands over what waits, one unacknowledged report at a time.
void hand_over(provider_self self) {
  auto& s = self->state;
  if (!s.manager) return;
  if (auto health = s.sink->take_health())
    self->send(s.manager, health_atom::value, s.label,
               std::make_shared<const model::provider_health>(std::move(*health)));
  if (s.in_flight) return;
  auto report = s.sink->take_report();
  if (!report) return;
  s.in_flight = true;
  const auto epoch = s.epoch;
  const auto answered = [=] {
    if (epoch != self->state.epoch) return;
    self->state.in_flight = false;
    hand_over(self);
  };
  self->request(s.manager, caf::infinite, report_atom::value, s.label, epoch,
                std::make_shared<const model::report>(std::move(*report)))
      .then([=](std::uint64_t) { answered(); },
            // The manager is gone: the supervisor hands over another one, and we start over.
            [=](const caf::error&) {
              if (epoch == self->state.epoch) self->state.manager = nullptr;
            });
}

void start_over(provider_self self, const manager_actor& manager) {
  auto& s = self->state;
  s.provider->stop();
  s.sink->clear();
  s.manager = manager;
  s.in_flight = false;
  ++s.epoch;
  s.provider->start(*s.sink);
}

provider_actor::behavior_type provider(provider_self self, const std::string& name,
                                       const provider_factory& factory, std::size_t event_buffer,
                                       std::uint64_t first_epoch, log_ptr log) {
  auto& s = self->state;
  s.label = name;
  s.log = std::move(log);
  s.epoch = first_epoch;
  s.sink = std::make_unique<actor_sink>(event_buffer, caf::actor_cast<caf::weak_actor_ptr>(self));
  auto made = factory();
  if (!made) {
    s.log->error("{}: {}", name, made.error().message);
    self->quit(caf::make_error(caf::sec::runtime_error, made.error().message));
    return provider_actor::behavior_type::make_empty_behavior();
  }
  s.provider = std::move(made).value();
  return {
      [=](use_atom, const manager_actor& manager) { start_over(self, manager); },
      [=](wake_atom) { hand_over(self); },
  };
}

}  // namespace

provider_actor spawn_provider(caf::actor_system& system, const std::string& name,
                              provider_factory factory, std::size_t event_buffer,
                              std::uint64_t first_epoch, log_ptr log) {
  return system.spawn<caf::detached>(provider, name, std::move(factory), event_buffer, first_epoch,
                                     std::move(log));
}

}  // namespace switchyard::actors
