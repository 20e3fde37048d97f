#include "actors/manager.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/dispatch_queue.hpp"
#include "actors/refusal_log.hpp"
#include "actors/status_book.hpp"
#include "model/desired_state.hpp"

namespace switchyard::actors {

namespace {

std::vector<std::string> names_of(const config::settings& settings) {
  std::vector<std::string> names;
  for (const auto& p : settings.providers) names.push_back(p.name);
  return names;
}

struct manager_state {
  manager_state() : desired({}) {}
  static inline const char* name = "manager";

  log_ptr log;
  model::desired_state desired;
  dispatch_queue queue;
  refusal_log refusals;
  std::map<std::string, std::uint64_t> epochs;
  std::map<dispatch_queue::ticket, caf::typed_response_promise<std::uint64_t>> promises;
  writer_actor writer;
  std::uint64_t writer_generation = 0;  // answers of an earlier writer are not taken for this one's
  bool in_flight = false;
  bool reconcile_wanted = false;
  std::vector<caf::typed_response_promise<apply_report_ptr>> asked;     // for a pass to come
  std::vector<caf::typed_response_promise<apply_report_ptr>> answered;  // by the one in flight
  routes_ptr routes;                                                    // as of routes_revision
  std::uint64_t routes_revision = 0;
  status_book book;
};

using manager_self = manager_actor::stateful_pointer<manager_state>;

void acknowledge(manager_self self) {
  auto& s = self->state;
  for (const auto ticket : s.queue.fulfilled()) {
    const auto promise = s.promises.find(ticket);
    if (promise == s.promises.end()) continue;
    promise->second.deliver(s.desired.revision());
    s.promises.erase(promise);
  }
}

void pump(manager_self self);

std::vector<std::string> names_in(const haproxy::apply_request& request) {
  std::vector<std::string> names;
  if (request.full) return names;
  for (const auto& c : request.changes) {
    if (names.size() == status_book::kept_names) break;
    names.push_back(c.name);
  }
  return names;
}

/// Sends one request to the writer and waits for its answer, one at a time. `names`: what it is
/// about, for the status.
template <class... Message>
void ask_writer(manager_self self, pass_kind kind, std::vector<std::string> names,
                Message... message) {
  auto& s = self->state;
  const bool from_queue = kind == pass_kind::changes;
  s.in_flight = true;
  const auto generation = s.writer_generation;
  self->request(s.writer, caf::infinite, message...)
      .then(
          [=](const apply_report_ptr& report) {
            if (generation != self->state.writer_generation) return;
            self->state.in_flight = false;
            if (from_queue) self->state.queue.done();
            self->state.book.passed(kind, *report, names, std::chrono::system_clock::now());
            if (!from_queue)
              for (auto& p : std::exchange(self->state.answered, {})) p.deliver(report);
            pump(self);
          },
          [=](const caf::error&) {
            if (generation != self->state.writer_generation) return;
            // The writer is gone. The supervisor hands over another one, which gets everything.
            self->state.in_flight = false;
            self->state.writer = nullptr;
            if (from_queue) self->state.queue.failed();
            for (auto& p : std::exchange(self->state.answered, {}))
              p.deliver(caf::make_error(caf::sec::request_receiver_down));
          });
}

void pump(manager_self self) {
  auto& s = self->state;
  acknowledge(self);
  if (s.in_flight || !s.writer) return;
  // First, or sources that never rest would keep it waiting for ever.
  if (s.reconcile_wanted && !s.queue.in_burst()) {
    s.reconcile_wanted = false;
    s.answered = std::exchange(s.asked, {});
    ask_writer(self, pass_kind::reconcile, {}, reconcile_atom::value);
  } else if (auto request = s.queue.next(s.desired)) {
    auto names = names_in(*request);
    ask_writer(self, pass_kind::changes, std::move(names), apply_atom::value,
               std::make_shared<const haproxy::apply_request>(std::move(*request)));
  }
}

void take_changes(manager_self self, const model::fold_result& result, bool was_complete) {
  auto& s = self->state;
  s.queue.changed(result.changed);
  if (!was_complete && s.desired.complete()) s.queue.everything();
  if (result.routes_changed) s.queue.routes_changed();
  for (const auto& c : result.new_collisions)
    s.log->error("backend {} is named by two providers: {} keeps it, that of {} is not used",
                 c.backend, c.owner, c.other);
}

/// Whether a report of this epoch counts: an older one comes from a provider that was restarted
/// since.
bool current(manager_self self, const std::string& provider, std::uint64_t epoch) {
  auto& known = self->state.epochs[provider];
  if (epoch < known) return false;
  known = epoch;
  return true;
}

caf::typed_response_promise<std::uint64_t> take_report(manager_self self,
                                                       const std::string& provider,
                                                       std::uint64_t epoch,
                                                       const report_ptr& report) {
  auto& s = self->state;
  auto promise = self->make_response_promise<std::uint64_t>();
  if (!current(self, provider, epoch)) {
    promise.deliver(s.desired.revision());
    return promise;
  }
  for (const auto& line : s.refusals.lines(provider, *report))
    s.log->warn("{}: {}", provider, line);
  s.book.reported(provider, std::chrono::system_clock::now());
  const bool was_complete = s.desired.complete();
  take_changes(self, s.desired.fold(provider, *report), was_complete);
  s.promises.emplace(s.queue.issue(), promise);
  pump(self);
  return promise;
}

void take_health(manager_self self, const std::string& provider, const health_ptr& health) {
  if (!self->state.book.health(provider, *health)) return;
  using level = model::provider_health::level;
  if (health->value == level::live)
    self->state.log->info("{}: live{}", provider,
                          health->reason.empty() ? "" : "; " + health->reason);
  else if (health->value == level::degraded)
    self->state.log->warn("{}: {}", provider, health->reason);
}

void take_settings(manager_self self, const config::settings& settings) {
  auto& s = self->state;
  const bool was_complete = s.desired.complete();
  const auto names = names_of(settings);
  take_changes(self, s.desired.configure(names), was_complete);
  s.refusals.keep_only(names);
  s.book.configure(settings);
  pump(self);
}

desired_ptr find(manager_self self, const std::string& name) {
  auto& s = self->state;
  api::desired_backend found;
  found.value = s.desired.find(name);
  if (found.value) found.owner = s.desired.owner(name);
  for (const auto& c : s.desired.collisions())
    if (c.backend == name) found.others.push_back(c.other);
  found.unread = s.desired.unread_of(name);
  return std::make_shared<const api::desired_backend>(std::move(found));
}

/// All routes; put together once for each revision that somebody asks for.
routes_ptr routes_of(manager_self self) {
  auto& s = self->state;
  if (!s.routes || s.routes_revision != s.desired.revision())
    s.routes = std::make_shared<const std::vector<model::owned_route>>(s.desired.owned_routes());
  s.routes_revision = s.desired.revision();
  return s.routes;
}

caf::typed_response_promise<apply_report_ptr> repair(manager_self self) {
  auto& s = self->state;
  auto promise = self->make_response_promise<apply_report_ptr>();
  s.asked.push_back(promise);
  s.reconcile_wanted = true;
  pump(self);
  return promise;
}

manager_actor::behavior_type manager(manager_self self, const settings_ptr& settings, log_ptr log) {
  self->state.log = std::move(log);
  self->state.desired = model::desired_state(names_of(*settings));
  self->state.book.configure(*settings);
  return {
      [=](report_atom, const std::string& provider, std::uint64_t epoch, const report_ptr& report) {
        return take_report(self, provider, epoch, report);
      },
      [=](health_atom, const std::string& provider, const health_ptr& health) {
        take_health(self, provider, health);
      },
      [=](reconcile_atom) {
        self->state.reconcile_wanted = true;
        pump(self);
      },
      [=](noted_atom, const apply_report_ptr& report) {
        self->state.book.passed(pass_kind::later, *report, {}, std::chrono::system_clock::now());
      },
      [=](use_atom, const writer_actor& writer) {
        auto& s = self->state;
        if (s.in_flight) s.queue.failed();
        for (auto& p : std::exchange(s.answered, {}))
          p.deliver(caf::make_error(caf::sec::request_receiver_down));
        s.in_flight = false;
        s.writer = writer;
        ++s.writer_generation;
        s.queue.everything();
        pump(self);
      },
      [=](configure_atom, const settings_ptr& next) { take_settings(self, *next); },
      [=](copy_atom) -> desired_state_ptr {
        return std::make_shared<const model::desired_state>(self->state.desired);
      },
      [=](status_atom) -> status_ptr {
        auto& s = self->state;
        return std::make_shared<const api::status>(s.book.view(s.desired, s.refusals));
      },
      [=](list_atom, const std::string& after, const std::string& provider,
          std::uint64_t most) -> page_ptr {
        return std::make_shared<const model::backend_page>(
            self->state.desired.page(after, provider, most));
      },
      [=](find_atom, const std::string& name) { return find(self, name); },
      [=](routes_atom) { return routes_of(self); },
      [=](repair_atom) { return repair(self); },
  };
}

}  // namespace

manager_actor spawn_manager(caf::actor_system& system, settings_ptr settings, log_ptr log) {
  return system.spawn(manager, std::move(settings), std::move(log));
}

}  // namespace switchyard::actors
