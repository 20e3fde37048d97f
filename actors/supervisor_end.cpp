// The supervisor's end: each child in its turn.

#include <unistd.h>

#include <utility>

#include "actors/supervisor_state.hpp"

namespace switchyard::actors {

namespace {

/// Whether any child of that kind is left, which is told to end.
bool end(supervisor_self self, const std::string& prefix) {
  bool any = false;
  for (const auto& [name, c] : self->state.children) {
    if (!name.starts_with(prefix)) continue;
    self->send_exit(c.handle, caf::exit_reason::user_shutdown);
    any = true;
  }
  return any;
}

bool ends_haproxy(supervisor_self self) {
  return self->state.settings->haproxy.mode == config::haproxy_mode::managed;
}

/// Where a part was given up the fault is ours: a managed HAProxy goes on, and the next start of
/// switchyard finds it. Not in a container, which ends with its first process: there it drains.
bool leaves_haproxy(supervisor_self self) {
  return self->state.given_up && ends_haproxy(self) && ::getpid() != 1;
}

/// Whether there is a writer to wait for, which ends a managed HAProxy. One that had failed before
/// its turn is started once more: a managed HAProxy ends with switchyard, and only a writer can end
/// it.
bool stop_writer(supervisor_self self) {
  auto& s = self->state;
  if (!s.writer && !s.writer_asked && ends_haproxy(self)) start_child(self, writer_name);
  if (!s.writer) return false;
  s.writer_asked = true;
  self->request(s.writer, caf::infinite, stop_atom::value)
      .then([=](stop_atom) { self->state.writer_stopped = true; }, [](const caf::error&) {});
  return true;
}

}  // namespace

void go_on_stopping(supervisor_self self) {
  auto& s = self->state;
  // Those that wait for their restart do not get it.
  std::erase_if(s.children, [](const auto& c) { return !c.second.handle; });
  // The providers all at once: each may have to wait for its source.
  if (end(self, api_name) || end(self, timer_name) || end(self, provider_prefix) ||
      end(self, manager_name) ||
      (leaves_haproxy(self) ? end(self, writer_name) : stop_writer(self)))
    return;
  s.keeper.reset();  // whoever hears of the end may end the process: what it keeps is on disk then
  if (s.writer_stopped || (!s.writer_asked && !ends_haproxy(self)))
    s.stopped->deliver(stop_atom::value);
  else
    s.stopped->deliver(caf::make_error(caf::sec::runtime_error, "no writer has stopped"));
  self->quit();
}

}  // namespace switchyard::actors
