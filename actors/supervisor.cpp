#include "actors/supervisor.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "actors/supervisor_state.hpp"
#include "providers/registry.hpp"

namespace switchyard::actors {

namespace {

/// Epochs of successive actors of one provider lie this far apart, since each start takes one.
constexpr std::uint64_t epochs_per_actor = 1'000'000;

const config::provider_settings* find_provider(const config::settings& settings,
                                               const std::string& name) {
  for (const auto& p : settings.providers)
    if (provider_prefix + p.name == name) return &p;
  return nullptr;
}

/// The entry of that child, made with its first use.
child& entry_of(supervisor_self self, const std::string& name) {
  const bool vital = name == writer_name || name == manager_name;
  return self->state.children.try_emplace(name, child{restart_policy(vital), {}}).first->second;
}

template <class Handle>
void adopt(supervisor_self self, const std::string& name, const Handle& handle) {
  entry_of(self, name).handle = caf::actor_cast<caf::actor>(handle);
  self->monitor(handle);
}

void spawn_provider_child(supervisor_self self, const config::provider_settings& settings) {
  auto& s = self->state;
  auto actor = s.make.provider(
      self->system(), settings.name, [settings] { return providers::make(settings); },
      {s.settings->event_buffer, settings.max_objects}, s.next_epoch, s.seen_by);
  s.next_epoch += epochs_per_actor;
  adopt(self, provider_prefix + settings.name, actor);
  self->send(actor, use_atom::value, s.manager);
}

void spawn_manager_child(supervisor_self self) {
  auto& s = self->state;
  s.manager = s.make.manager(self->system(), s.settings, s.seen_by, s.keeper);
  adopt(self, manager_name, s.manager);
  if (s.writer) self->send(s.manager, use_atom::value, s.writer);
  if (s.timer) self->send(s.timer, use_atom::value, s.manager);
  for (const auto& [name, c] : s.children)
    if (name.starts_with(provider_prefix) && c.handle)
      self->send(caf::actor_cast<provider_actor>(c.handle), use_atom::value, s.manager);
}

void spawn_writer_child(supervisor_self self) {
  auto& s = self->state;
  s.writer = s.make.writer(self->system(), s.settings, s.seen_by);
  adopt(self, writer_name, s.writer);
  if (s.manager) self->send(s.manager, use_atom::value, s.writer);
}

void spawn_timer_child(supervisor_self self) {
  auto& s = self->state;
  s.timer = s.make.timer(self->system(), s.settings);
  adopt(self, timer_name, s.timer);
  if (s.manager) self->send(s.timer, use_atom::value, s.manager);
}

void spawn_api_child(supervisor_self self) {
  auto& s = self->state;
  adopt(self, api_name,
        s.make.api(self->system(), s.settings, s.seen_by, caf::actor_cast<supervisor_actor>(self)));
}

void spawn_child(supervisor_self self, const std::string& name) {
  if (name == writer_name) return spawn_writer_child(self);
  if (name == manager_name) return spawn_manager_child(self);
  if (name == timer_name) return spawn_timer_child(self);
  if (name == api_name) return spawn_api_child(self);
  if (const auto* settings = find_provider(*self->state.settings, name))
    spawn_provider_child(self, *settings);
}

// -- what failed

/// Starts a child again after a while, or gives up.
void child_failed(supervisor_self self, const std::string& name, const std::string& reason) {
  auto& s = self->state;
  const auto wait = entry_of(self, name)
                        .policy.ended(self->clock().now(), static_cast<std::uint32_t>(s.random()));
  if (!wait) {
    s.given_up = true;
    s.failed(name + " keeps failing: " + reason);
    return;
  }
  s.seen_by->failed(name, reason, *wait);
  self->delayed_send(self, *wait, restart_atom::value, name);
}

}  // namespace

/// A child for which the system has no thread or no memory has failed like one that ended.
void start_child(supervisor_self self, const std::string& name) {
  try {
    // CAF 0.17 never lets go of a detached actor that it finds no thread for: one is asked for
    // first.
    std::thread([] {}).join();
    spawn_child(self, name);
  } catch (const std::exception& why) {
    child_failed(self, name, std::string("it cannot be started: ") + why.what());
  }
}

namespace {

// -- what ended

void child_ended(supervisor_self self, const caf::down_msg& down) {
  auto& s = self->state;
  const auto found = std::find_if(s.children.begin(), s.children.end(), [&](const auto& c) {
    return c.second.handle && c.second.handle.address() == down.source;
  });
  if (found == s.children.end()) return;
  const auto name = found->first;
  found->second.handle = nullptr;
  if (name == writer_name) s.writer = nullptr;
  if (name == manager_name) s.manager = nullptr;
  if (name == timer_name) s.timer = nullptr;
  if (s.stopping || (name.starts_with(provider_prefix) && !find_provider(*s.settings, name))) {
    s.children.erase(found);
    if (s.stopping) go_on_stopping(self);
    return;
  }
  if (down.reason == caf::exit_reason::user_shutdown) return start_child(self, name);
  child_failed(self, name, self->system().render(down.reason));
}

/// The wait after a failure is over. The child may have left the settings since then, and have been
/// started with its return.
void restart_child(supervisor_self self, const std::string& name) {
  const auto found = self->state.children.find(name);
  if (self->state.stopping || found == self->state.children.end() || found->second.handle) return;
  start_child(self, name);
}

// -- other settings

void take_settings(supervisor_self self, const settings_ptr& next) {
  auto& s = self->state;
  if (s.stopping) return;
  const auto before = std::exchange(s.settings, next);
  if (s.manager) self->send(s.manager, configure_atom::value, next);
  if (s.writer) self->send(s.writer, configure_atom::value, next);
  if (s.timer) self->send(s.timer, configure_atom::value, next);
  for (auto& [name, c] : s.children) {
    if (name == api_name && c.handle)
      self->send(caf::actor_cast<api_actor>(c.handle), configure_atom::value, next);
    if (!name.starts_with(provider_prefix) || !c.handle) continue;
    const auto* old_one = find_provider(*before, name);
    const auto* new_one = find_provider(*next, name);
    // One that is only changed ends too, and child_ended() starts it with its new settings.
    if (!new_one || !old_one || *old_one != *new_one)
      self->send_exit(c.handle, caf::exit_reason::user_shutdown);
  }
  // One that waits for its restart and is gone from the settings must not stand in the way of its
  // return.
  std::erase_if(s.children, [&](const auto& c) {
    return c.first.starts_with(provider_prefix) && !c.second.handle &&
           !find_provider(*next, c.first);
  });
  for (const auto& p : next->providers)
    if (!s.children.contains(provider_prefix + p.name)) start_child(self, provider_prefix + p.name);
}

children_ptr list_children(supervisor_self self) {
  auto list = std::make_shared<child_list>();
  for (const auto& [name, c] : self->state.children)
    list->children[name] = {c.handle, c.policy.restarts()};
  return list;
}

caf::typed_response_promise<status_ptr> ask_status(supervisor_self self) {
  auto& s = self->state;
  auto promise = self->make_response_promise<status_ptr>();
  if (!s.manager) {
    promise.deliver(caf::make_error(caf::sec::request_receiver_down));
    return promise;
  }
  self->request(s.manager, caf::infinite, status_atom::value)
      .then(
          [=](const status_ptr& known) mutable {
            auto all = *known;
            for (const auto& [name, c] : self->state.children)
              all.actors.push_back({name, static_cast<bool>(c.handle), c.policy.restarts()});
            promise.deliver(status_ptr(std::make_shared<const api::status>(std::move(all))));
          },
          [=](caf::error& e) mutable { promise.deliver(std::move(e)); });
  return promise;
}

supervisor_actor::behavior_type supervisor(supervisor_self self, settings_ptr settings,
                                           observer_ptr seen_by,
                                           std::function<void(std::string)> failed,
                                           child_makers make) {
  auto& s = self->state;
  s.settings = std::move(settings);
  s.seen_by = std::move(seen_by);
  s.failed = std::move(failed);
  s.make = std::move(make);
  self->set_down_handler([=](const caf::down_msg& down) { child_ended(self, down); });
  s.keeper = std::make_shared<view_keeper>(s.settings->state_dir, s.seen_by);
  for (const auto& name : {writer_name, manager_name, timer_name}) start_child(self, name);
  for (const auto& p : s.settings->providers) start_child(self, provider_prefix + p.name);
  start_child(self, api_name);
  return {
      [=](restart_atom, const std::string& name) { restart_child(self, name); },
      [=](configure_atom, const settings_ptr& next) { take_settings(self, next); },
      [=](children_atom) { return list_children(self); },
      [=](status_atom) { return ask_status(self); },
      [=](stop_atom) {
        self->state.stopping = true;
        self->state.stopped = self->make_response_promise<stop_atom>();
        go_on_stopping(self);
        return *self->state.stopped;
      },
  };
}

}  // namespace

supervisor_actor spawn_supervisor(caf::actor_system& system, settings_ptr settings,
                                  observer_ptr seen_by, std::function<void(std::string)> failed,
                                  child_makers make) {
  return system.spawn(supervisor, std::move(settings), std::move(seen_by), std::move(failed),
                      std::move(make));
}

}  // namespace switchyard::actors
