#include "actors/observer.hpp"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/redact.hpp"
#include "base/text.hpp"

namespace switchyard::actors {

namespace {

/// Counts the log's lines by their level.
class counting_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit counting_sink(std::shared_ptr<api::metrics> figures) : figures_(std::move(figures)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    const auto level = spdlog::level::to_string_view(msg.level);
    figures_->logged({level.data(), level.size()});
  }
  void flush_() override {}

  std::shared_ptr<api::metrics> figures_;
};

spdlog::level::level_enum to_level(haproxy::severity s) {
  switch (s) {
    case haproxy::severity::debug:
      return spdlog::level::debug;
    case haproxy::severity::info:
      return spdlog::level::info;
    case haproxy::severity::warning:
      return spdlog::level::warn;
    case haproxy::severity::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

api::pass to_pass(pass_kind kind) {
  switch (kind) {
    case pass_kind::changes:
      return api::pass::apply;
    case pass_kind::reconcile:
      return api::pass::reconcile;
    case pass_kind::later:
      return api::pass::tick;
  }
  return api::pass::tick;
}

/// What all of the changes have in common: their provider, and how long the slowest took.
attribution all_of(const attributions& whose) {
  if (whose.empty()) return {};
  auto common = whose.begin()->second;
  for (const auto& [name, change] : whose) {
    if (change.provider != common.provider) common.provider.clear();
    if (!change.propagation || !common.propagation)
      common.propagation.reset();
    else
      common.propagation = std::max(*common.propagation, *change.propagation);
  }
  return common;
}

/// The change that a notice is about; one about many things at once is about all changes.
attribution change_of(const haproxy::subject& about, const attributions& whose) {
  using haproxy::matter;
  const auto known = whose.find(about.what == matter::routes ? std::string(change_origins::routes)
                                                             : about.backend);
  if (known != whose.end()) return known->second;
  const bool of_changes =
      about.what == matter::server || about.what == matter::backend || about.what == matter::reload;
  return of_changes && about.backend.empty() ? all_of(whose) : attribution{};
}

/// No two runs begin in the same millisecond.
std::string name_of_run() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  char text[32];
  std::snprintf(text, sizeof text, "%llx",
                static_cast<unsigned long long>(
                    std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
  return text;
}

}  // namespace

observer::observer(log_ptr log)
    : log_(std::move(log)),
      run_(name_of_run()),
      events_(std::make_shared<api::event_log>()),
      figures_(std::make_shared<api::metrics>(SWITCHYARD_VERSION)) {
  log_->sinks().push_back(std::make_shared<counting_sink>(figures_));
}

observer_ptr make_silent_observer() {
  return std::make_shared<observer>(make_silent_log());
}

void observer::say(spdlog::level::level_enum level, std::string_view kind, const std::string& text,
                   const log_fields& fields) {
  auto about = fields;
  about.kind = kind;
  write(*log_, level, text, about);
  if (level < spdlog::level::info) return;
  api::event e;
  e.time = std::chrono::system_clock::now();
  e.kind = kind;
  const auto name = spdlog::level::to_string_view(level);
  e.level.assign(name.data(), name.size());
  e.revision = about.revision;
  e.provider = about.provider;
  e.backend = about.backend;
  e.server = about.server;
  e.text = base::redact(text);
  e.took = about.took;
  e.propagation = about.propagation;
  events_->append(std::move(e));
}

void observer::use_level(config::log_level level) {
  if (level_of(*log_) == level) return;
  set_level(*log_, level);
  // Told at any level but those that leave it out.
  say(spdlog::level::info, "log", "the log's level is " + std::string(to_string(level)) + " now");
}

// -- passes of the writer

void observer::desires(const model::desired_state& desired, std::size_t waiting) {
  figures_->desired(desired.revision(), desired.backends().size(), desired.route_count());
  figures_->queued(waiting);
}

void observer::passed(pass_kind kind, const haproxy::apply_report& report,
                      const attributions& whose, const model::desired_state& desired) {
  count(kind, report);
  if (log_->should_log(spdlog::level::debug)) describe(kind, report);
  tell(report, whose, &desired);
  for (const auto& [name, change] : whose)
    if (change.propagation) figures_->propagated(change.provider, *change.propagation);
}

/// A line for every pass, also for those that found nothing to do.
void observer::describe(pass_kind kind, const haproxy::apply_report& report) {
  log_fields fields;
  fields.kind = "pass";
  fields.revision = report.revision;
  fields.took = report.took;
  write(*log_, spdlog::level::debug,
        std::string(to_string(kind)) + ": " + base::counted(report.steps, "command") +
            " carried out, " + std::to_string(report.failed_steps) + " refused, " +
            base::counted(report.waiting.size(), "reason") + " waiting for a reload" +
            (report.reachable ? "" : "; HAProxy does not answer"),
        fields);
}

void observer::count(pass_kind kind, const haproxy::apply_report& report) {
  figures_->passed(to_pass(kind), report.took);
  figures_->applied(report.revision);
  figures_->reachable(report.reachable);
  figures_->reload_waits(report.waiting.size());
  if (report.restarted_after) figures_->haproxy_restarted();
  using api::command_result;
  for (const auto& [name, results] : report.commands) {
    figures_->commanded(name, command_result::done, results.done);
    figures_->commanded(name, command_result::refused, results.refused);
    figures_->commanded(name, command_result::lost, results.lost);
  }
  for (const auto& [command, times] : report.repairs) figures_->repaired(command, times);
  if (report.reload || report.reload_error) count_reload(report);
}

void observer::count_reload(const haproxy::apply_report& report) {
  const bool succeeded = report.reload.has_value();
  figures_->reloaded(succeeded, report.reload_took);
  std::set<std::string_view> causes;
  for (const auto& reason : report.reload_reasons) causes.insert(to_string(reason.cause));
  for (const auto cause : causes) figures_->reload_reason(cause, succeeded, 1);
}

void observer::tell(const haproxy::apply_report& report, const attributions& whose,
                    const model::desired_state* desired) {
  for (const auto& n : report.notices) {
    auto change = change_of(n.about, whose);
    if (change.provider.empty() && desired != nullptr && !n.about.backend.empty()) {
      change.provider = desired->origin(n.about.backend, n.about.server);
      if (change.provider.empty()) change.provider = desired->owner(n.about.backend);
    }
    log_fields fields;
    fields.backend = n.about.backend;
    fields.server = n.about.server;
    fields.provider = change.provider;
    fields.revision = report.revision;
    if (report.took.count() > 0) fields.took = report.took;
    fields.propagation = change.propagation;
    say(to_level(n.level), to_string(n.about.what), n.text, fields);
  }
}

void observer::relays(const haproxy::message& said) {
  log_fields fields;
  fields.kind = to_string(haproxy::matter::haproxy);
  write(*log_, to_level(said.level), said.text, fields);
}

// -- parts of switchyard

void observer::failed(const std::string& actor, const std::string& reason,
                      std::chrono::milliseconds wait) {
  figures_->restarted(actor);
  say(spdlog::level::err, "actor",
      actor + " ended (" + reason + "); it starts again in " + std::to_string(wait.count()) +
          " ms");
}

}  // namespace switchyard::actors
