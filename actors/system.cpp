#include "actors/system.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "actors/protocol.hpp"
#include "actors/supervisor.hpp"
#include "base/fd.hpp"

namespace switchyard::actors {

namespace {

struct system_config : caf::actor_system_config {
  system_config() {
    // Stealing workers spin: about a third of a core while idle (CAF 0.17).
    set("scheduler.policy", caf::atom("sharing"));
    // The actors that share it do little and wait for nothing, and a message finds a warm thread.
    set("scheduler.max-threads", std::size_t{1});
  }
};

}  // namespace

struct system::parts {
  system_config config;
  caf::actor_system actors{config};
  supervisor_actor supervisor;  // goes first: the system waits for all actors
  std::future<bool> orderly;    ///< that all has ended; valid once asked for
};

system::system(std::shared_ptr<const config::settings> settings, observer_ptr seen_by,
               std::function<void(std::string)> failed, const child_makers* make)
    : parts_(std::make_unique<parts>()) {
  parts_->supervisor = spawn_supervisor(parts_->actors, std::move(settings), std::move(seen_by),
                                        failed, make != nullptr ? *make : child_makers());
  parts_->supervisor->attach_functor([failed = std::move(failed)](const caf::error& why) {
    if (why) failed("the supervisor has ended");
  });
}

system::~system() = default;

void system::configure(std::shared_ptr<const config::settings> next) {
  caf::anon_send(parts_->supervisor, configure_atom::value, settings_ptr(std::move(next)));
}

void system::ask_to_stop() {
  if (parts_->orderly.valid()) return;
  const auto answer = std::make_shared<std::promise<bool>>();
  parts_->orderly = answer->get_future();
  // With an argument: CAF 0.17 makes a reference to nothing of none.
  parts_->actors.spawn(
      [answer](caf::event_based_actor* self, const supervisor_actor& whom) {
        self->request(whom, caf::infinite, stop_atom::value)
            .then([=](stop_atom) { answer->set_value(true); },
                  [=](const caf::error&) { answer->set_value(false); });
      },
      parts_->supervisor);
}

bool system::stop() {
  ask_to_stop();
  return parts_->orderly.get();
}

bool system::ended() const {
  const base::deadline until(std::chrono::seconds(2));
  while (parts_->actors.registry().running() > 0) {
    if (until.passed()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace switchyard::actors
