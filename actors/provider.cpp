#include "actors/provider.hpp"

#include <mutex>
#include <utility>

#include "actors/event_buffer.hpp"
#include "actors/owed.hpp"
#include "providers/editable.hpp"
#include "providers/quota_sink.hpp"

namespace switchyard::actors {

namespace {

/// Where the provider's thread reports to. What nobody is waiting for an answer to goes to the
/// manager at once, from that thread and in the actor's name: a detour through the actor would cost
/// every change a thread's waking.
class actor_sink final : public providers::sink {
 public:
  actor_sink(std::string label, std::size_t capacity, caf::weak_actor_ptr actor,
             observer_ptr seen_by)
      : label_(std::move(label)),
        buffer_(capacity),
        actor_(std::move(actor)),
        seen_by_(std::move(seen_by)) {}

  void report(model::report report) override {
    {
      const std::lock_guard lock(mutex_);
      buffer_.put(std::move(report));
      ++put_;
    }
    hand_over();
    seen_by_->holds_back(label_, buffer_.size());
  }

  /// How many reports there were so far.
  std::uint64_t put() const {
    const std::lock_guard lock(mutex_);
    return put_;
  }

  void health(model::provider_health health) override {
    const std::lock_guard lock(mutex_);
    if (manager_)
      caf::anon_send(manager_, health_atom::value, label_,
                     std::make_shared<const model::provider_health>(std::move(health)));
  }

  void unchanged() override { seen_by_->read_whole(label_); }

  /// Reports go there from now on, in that epoch; what waited is dropped. Call while the provider
  /// is stopped.
  void use(const manager_actor& manager, std::uint64_t epoch) {
    const std::lock_guard lock(mutex_);
    buffer_.clear();
    manager_ = manager;
    epoch_ = epoch;
    in_flight_ = false;
  }

  /// Returns how many reports the manager has acknowledged by now.
  std::uint64_t acknowledged() {
    std::uint64_t done = 0;
    {
      const std::lock_guard lock(mutex_);
      in_flight_ = false;
      done = flying_;
    }
    hand_over();
    seen_by_->holds_back(label_, buffer_.size());
    return done;
  }

 private:
  /// Sends what waits, one unacknowledged report at a time.
  void hand_over() {
    const std::lock_guard lock(mutex_);
    const auto self = caf::actor_cast<caf::strong_actor_ptr>(actor_);
    if (!manager_ || in_flight_ || !self) return;
    auto report = buffer_.take();
    if (!report) return;
    in_flight_ = true;
    flying_ = put_;
    caf::send_as(caf::actor_cast<provider_actor>(self), manager_, report_atom::value, label_,
                 epoch_, std::make_shared<const model::report>(std::move(*report)));
  }

  std::string label_;
  event_buffer buffer_;
  caf::weak_actor_ptr actor_;
  observer_ptr seen_by_;
  mutable std::mutex mutex_;
  manager_actor manager_;  // guarded by mutex_, like all below
  std::uint64_t epoch_ = 0;
  bool in_flight_ = false;
  std::uint64_t put_ = 0;     // reports so far
  std::uint64_t flying_ = 0;  // of them, those in the report that went last
};

struct provider_state {
  provider_state() = default;
  static inline const char* name = "provider";
  // Whatever ends the actor, nobody is kept waiting, and the provider's thread ends with it.
  ~provider_state() {
    for (auto& a : awaited) give_up(a.promise);
    if (provider) provider->stop();
  }
  provider_state(const provider_state&) = delete;
  provider_state& operator=(const provider_state&) = delete;

  std::unique_ptr<actor_sink> sink;              // outlives the next one
  std::unique_ptr<providers::quota_sink> quota;  // outlives the provider
  providers::provider_ptr provider;
  std::uint64_t epoch = 0;
  struct owed {
    std::uint64_t report;
    caf::typed_response_promise<std::uint64_t> promise;
  };
  std::vector<owed> awaited;
  std::uint64_t acknowledged = 0;  ///< reports
  std::uint64_t revision = 0;      ///< of the last acknowledgement
};
static_assert(!std::is_aggregate_v<provider_state>);  // CAF would build one from its self pointer

using provider_self = provider_actor::stateful_pointer<provider_state>;

void start_over(provider_self self, const manager_actor& manager) {
  auto& s = self->state;
  s.provider->stop();
  s.sink->use(manager, ++s.epoch);
  s.quota->start_over();
  s.provider->start(*s.quota);
}

edit_answer_ptr make_edit(provider_self self, const model::edit& change) {
  auto& s = self->state;
  const auto before = s.sink->put();
  auto* const by_hand = dynamic_cast<providers::editable*>(s.provider.get());
  auto done = by_hand != nullptr
                  ? by_hand->edit(change)
                  : base::outcome<model::edited>(
                        base::error{base::errc::refused, "this provider takes no changes by hand"});
  auto report = s.sink->put();
  // A provider that has not begun to report, or could not yet: the change is in its next report.
  if (done && done->changed && report == before) ++report;
  return std::make_shared<const edit_answer>(edit_answer{std::move(done), report});
}

caf::typed_response_promise<std::uint64_t> await(provider_self self, std::uint64_t report) {
  auto& s = self->state;
  auto promise = self->make_response_promise<std::uint64_t>();
  if (report <= s.acknowledged)
    promise.deliver(s.revision);
  else
    s.awaited.push_back({report, promise});
  return promise;
}

void take_acknowledgement(provider_self self, std::uint64_t revision) {
  auto& s = self->state;
  s.acknowledged = s.sink->acknowledged();
  s.revision = revision;
  std::erase_if(s.awaited, [&](auto& a) {
    if (a.report > s.acknowledged) return false;
    a.promise.deliver(revision);
    return true;
  });
}

provider_actor::behavior_type provider(provider_self self, const std::string& name,
                                       const provider_factory& factory,
                                       const provider_bounds& bounds, std::uint64_t first_epoch,
                                       const observer_ptr& seen_by) {
  auto& s = self->state;
  s.epoch = first_epoch;
  s.sink = std::make_unique<actor_sink>(name, bounds.event_buffer,
                                        caf::actor_cast<caf::weak_actor_ptr>(self), seen_by);
  s.quota = std::make_unique<providers::quota_sink>(
      bounds.max_objects, *s.sink, [=](std::size_t objects) { seen_by->counts(name, objects); });
  auto made = factory();
  if (!made) {
    log_fields fields;
    fields.provider = name;
    seen_by->say(spdlog::level::err, "provider", name + ": " + made.error().message, fields);
    self->quit(caf::make_error(caf::sec::runtime_error, made.error().message));
    return provider_actor::behavior_type::make_empty_behavior();
  }
  s.provider = std::move(made).value();
  return {
      [=](use_atom, const manager_actor& manager) { start_over(self, manager); },
      [=](edit_atom, const edit_ptr& change) { return make_edit(self, *change); },
      [=](await_atom, std::uint64_t report) { return await(self, report); },
      [=](std::uint64_t revision) { take_acknowledgement(self, revision); },
  };
}

}  // namespace

provider_actor spawn_provider(caf::actor_system& system, const std::string& name,
                              provider_factory factory, const provider_bounds& bounds,
                              std::uint64_t first_epoch, observer_ptr seen_by) {
  return system.spawn<caf::detached>(provider, name, std::move(factory), bounds, first_epoch,
                                     std::move(seen_by));
}

}  // namespace switchyard::actors
