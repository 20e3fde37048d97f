#include "actors/manager.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/manager_state.hpp"

namespace switchyard::actors {

namespace {

void acknowledge(manager_self self) {
  auto& s = self->state;
  for (const auto ticket : s.queue.fulfilled()) answer(self, ticket);
}

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
void ask_writer(manager_self self, pass_kind kind, const std::vector<std::string>& names,
                Message... message) {
  auto& s = self->state;
  const bool from_queue = kind == pass_kind::changes;
  s.in_flight = true;
  const auto generation = s.writer_generation;
  self->request(s.writer, caf::infinite, message...)
      .then(
          [=](const apply_report_ptr& report) {
            auto& now = self->state;
            if (generation != now.writer_generation) return now.seen_by->did(*report);
            now.in_flight = false;
            if (from_queue) now.queue.done();
            const auto ended = std::chrono::steady_clock::now();
            const auto whose = from_queue ? now.origins.answered(*report, ended)
                                          : now.origins.noted(*report, ended);
            now.book.passed(kind, *report, names, std::chrono::system_clock::now());
            if (!from_queue)
              for (auto& p : std::exchange(now.answered, {})) p.deliver(report);
            pump(self);
            now.seen_by->passed(kind, *report, whose, now.desired);
            now.seen_by->desires(now.desired, now.queue.depth());
          },
          [=](const caf::error&) {
            if (generation != self->state.writer_generation) return;
            // The writer is gone. The supervisor hands over another one, which gets everything.
            self->state.in_flight = false;
            self->state.writer = nullptr;
            if (from_queue) self->state.queue.failed();
            self->state.origins.lost();
            for (auto& p : std::exchange(self->state.answered, {}))
              p.deliver(caf::make_error(caf::sec::request_receiver_down));
          });
}

}  // namespace

void pump(manager_self self) {
  auto& s = self->state;
  acknowledge(self);
  if (s.in_flight || !s.writer) return;
  // First, or sources that never rest would keep it waiting for ever.
  if (s.reconcile_wanted && !s.queue.in_burst()) {
    s.reconcile_wanted = false;
    s.answered = std::exchange(s.asked, {});
    ask_writer(self, pass_kind::reconcile, {}, reconcile_atom::value);
  } else if (auto request = s.queue.next(s.desired, s.names.book())) {
    s.origins.sent(*request);
    const auto names = names_in(*request);
    ask_writer(self, pass_kind::changes, names, apply_atom::value,
               std::make_shared<const haproxy::apply_request>(std::move(*request)));
  }
}

void take_changes(manager_self self, const std::string& provider, const model::fold_result& result,
                  bool was_complete) {
  auto& s = self->state;
  s.seen_by->reached(s.desired.revision());
  if (provider.empty())
    s.queue.settings_changed(result.changed, result.routes_changed, s.desired);
  else
    s.queue.changed(provider, result.changed, result.routes_changed, s.desired);
  s.names.changed(result.versions, s.desired);
  if (!was_complete && s.desired.complete()) s.queue.everything();
}

namespace {

/// When the source told of what a report has.
std::chrono::steady_clock::time_point seen_at(const model::report& report) {
  return report.seen_at == std::chrono::steady_clock::time_point{}
             ? std::chrono::steady_clock::now()
             : report.seen_at;
}

/// What the writer did on its own.
void note_pass(manager_self self, const haproxy::apply_report& report) {
  auto& s = self->state;
  s.book.passed(pass_kind::later, report, {}, std::chrono::system_clock::now());
  const auto whose = s.origins.noted(report, std::chrono::steady_clock::now());
  s.seen_by->passed(pass_kind::later, report, whose, s.desired);
}

/// Whether a report of this epoch counts: an older one comes from a provider that was restarted
/// since, or that left the settings.
bool current(manager_self self, const std::string& provider, std::uint64_t epoch) {
  if (!self->state.desired.configured(provider)) return false;
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
  use_last_good(self, provider);
  const auto now = std::chrono::system_clock::now();
  s.guard.keep_time(now, std::chrono::steady_clock::now());
  const auto screened = s.guard.screen(provider, s.desired, report, now, s.names.book());
  const bool was_complete = s.desired.complete();
  const auto result =
      screened.report ? s.desired.fold(provider, *screened.report) : model::fold_result();
  take_changes(self, provider, result, was_complete);
  s.origins.changed(result.changed, result.routes_changed, provider, seen_at(*report));
  s.promises.emplace(s.queue.issue(provider), promise);
  pump(self);
  // What is held has been told of, with its number.
  keep(self, provider, screened.report, !screened.news.empty());
  const auto refusals = s.refusals.take(provider, *report);
  s.book.reported(provider, now);
  tell_of_holds(*s.seen_by, screened.news);
  s.seen_by->reported(provider, *report, refusals, s.refusals.count(provider));
  s.seen_by->collided(result, s.desired);
  s.seen_by->desires(s.desired, s.queue.depth());
  return promise;
}

void take_health(manager_self self, const std::string& provider, const health_ptr& health) {
  auto& s = self->state;
  if (const auto before = s.book.health(provider, *health, std::chrono::steady_clock::now()))
    s.seen_by->fares(provider, *before, *health);
  if (health->value == model::provider_health::level::degraded) fall_back(self, provider);
}

/// Names what was refused in a report with more than is told of at once.
void tell_of_further_refusals(manager_self self) {
  auto& s = self->state;
  for (const auto& [provider, epoch] : s.epochs)
    s.seen_by->refuses(provider, s.refusals.further(provider));
}

void take_settings(manager_self self, const config::settings& settings) {
  auto& s = self->state;
  const bool was_complete = s.desired.complete();
  const auto names = config::provider_names(settings);
  const auto result = s.desired.configure(names, settings.merge);
  take_changes(self, "", result, was_complete);
  // Should one of them come back, reports that are still on their way are none of its own.
  for (auto& [name, epoch] : s.epochs)
    if (!s.desired.configured(name)) ++epoch;
  s.refusals.keep_only(names);
  s.book.configure(settings);
  s.guard.configure(settings);
  if (s.keeper) s.keeper->keep_only(names);
  const auto left = [&](const auto& entry) { return !s.guard.guarded().contains(entry.first); };
  std::erase_if(s.last_good, left);
  std::erase_if(s.kept_holds, left);
  s.names.configure(settings.resolver);
  pump(self);
  s.seen_by->configured(settings);
  s.seen_by->collided(result, s.desired);
  s.seen_by->desires(s.desired, s.queue.depth());
}

caf::typed_response_promise<apply_report_ptr> repair(manager_self self) {
  auto& s = self->state;
  auto promise = self->make_response_promise<apply_report_ptr>();
  s.asked.push_back(promise);
  s.reconcile_wanted = true;
  pump(self);
  return promise;
}

manager_actor::behavior_type manager(manager_self self, const settings_ptr& settings,
                                     observer_ptr seen_by, keeper_ptr keeper) {
  self->state.seen_by = std::move(seen_by);
  self->state.seen_by->configured(*settings);
  self->state.desired = model::desired_state(config::provider_names(*settings), settings->merge);
  self->state.desired.continue_from(self->state.seen_by->reached());
  self->state.book.configure(*settings);
  self->state.guard.configure(*settings);
  self->state.names.tell(answers_to(self));
  self->state.names.configure(settings->resolver);
  self->state.keeper = std::move(keeper);
  find_last_good(self);
  return {
      [=](report_atom, const std::string& provider, std::uint64_t epoch, const report_ptr& report) {
        return take_report(self, provider, epoch, report);
      },
      [=](health_atom, const std::string& provider, const health_ptr& health) {
        take_health(self, provider, health);
      },
      [=](reconcile_atom) {
        fall_back(self);
        tell_of_further_refusals(self);
        let_go_what_is_due(self);
        self->state.reconcile_wanted = true;
        pump(self);
      },
      [=](noted_atom, const apply_report_ptr& report) { note_pass(self, *report); },
      [=](resolved_atom, const name_answer_ptr& answer) { take_answer(self, *answer); },
      [=](use_atom, const writer_actor& writer) {
        auto& s = self->state;
        if (s.in_flight) s.queue.failed();
        s.origins.lost();
        for (auto& p : std::exchange(s.answered, {}))
          p.deliver(caf::make_error(caf::sec::request_receiver_down));
        s.in_flight = false;
        s.writer = writer;
        ++s.writer_generation;
        s.queue.everything();
        pump(self);
      },
      [=](configure_atom, const settings_ptr& next) { take_settings(self, *next); },
      [=](copy_atom) -> desired_copy_ptr {
        auto& s = self->state;
        return std::make_shared<const desired_copy>(desired_copy{s.desired, s.names.book()});
      },
      [=](status_atom) { return status_of(self); },
      [=](list_atom, const std::string& after, const std::string& provider,
          std::uint64_t most) -> page_ptr {
        auto page = self->state.desired.page(after, provider, most);
        self->state.guard.mark(page);
        return std::make_shared<const model::backend_page>(std::move(page));
      },
      [=](find_atom, const std::string& name) { return find(self, name); },
      [=](routes_atom, const std::string& provider) { return routes_of(self, provider); },
      [=](holds_atom) -> holds_ptr {
        return std::make_shared<const api::hold_list>(
            self->state.guard.list(guarding::named_in_list));
      },
      [=](approve_atom, std::uint64_t id) { return approve(self, id); },
      [=](reject_atom, std::uint64_t id) { return reject(self, id); },
      [=](await_atom, std::uint64_t ticket) { return await(self, ticket); },
      [=](kept_atom, std::uint64_t ticket) { decision_kept(self, ticket); },
      [=](repair_atom) { return repair(self); },
  };
}

}  // namespace

manager_actor spawn_manager(caf::actor_system& system, settings_ptr settings, observer_ptr seen_by,
                            keeper_ptr keeper) {
  return system.spawn(manager, std::move(settings), std::move(seen_by), std::move(keeper));
}

}  // namespace switchyard::actors
