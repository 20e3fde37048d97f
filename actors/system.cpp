#include "actors/system.hpp"

#include <chrono>
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
};

system::system(std::shared_ptr<const config::settings> settings, observer_ptr seen_by,
               std::function<void(std::string)> failed)
    : parts_(std::make_unique<parts>()) {
  parts_->supervisor =
      spawn_supervisor(parts_->actors, std::move(settings), std::move(seen_by), failed);
  parts_->supervisor->attach_functor([failed = std::move(failed)](const caf::error& why) {
    if (why) failed("the supervisor has ended");
  });
}

system::~system() = default;

void system::configure(std::shared_ptr<const config::settings> next) {
  caf::anon_send(parts_->supervisor, configure_atom::value, settings_ptr(std::move(next)));
}

bool system::stop() {
  bool orderly = true;
  caf::scoped_actor self(parts_->actors);
  self->request(parts_->supervisor, caf::infinite, stop_atom::value)
      .receive([](stop_atom) {}, [&](caf::error&) { orderly = false; });
  return orderly;
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
