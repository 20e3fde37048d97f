#include "haproxy/gateway.hpp"
#include "haproxy/server_state.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::haproxy {

namespace {

// A reload that the start found necessary waits this long for the providers' first reports, so that
// both are one.
constexpr std::chrono::milliseconds settle{1000};

}  // namespace

gateway::gateway(gateway_settings settings, std::unique_ptr<surroundings> outside)
    : settings_(std::move(settings)),
      outside_(outside ? std::move(outside) : real_surroundings(settings_.haproxy)),
      store_(settings_.haproxy, outside_->files(), outside_->interrupt()),
      kept_(settings_.haproxy, outside_->files()),
      budget_(settings_.haproxy.reload),
      drains_(settings_.drain_timeout),
      routes_(map_beside(settings_.haproxy.config_file), outside_->files()),
      operators_(settings_.haproxy) {
  certificates_.follow(certificate_paths(settings_.frontends));
}

base::status gateway::start(time_point now, apply_report& report) {
  now_ = now;
  store_.tidy();
  auto found = store_.load();
  const bool fresh = !found;
  if (fresh && found.error().kind == base::errc::invalid)
    return base::error{
        base::errc::conflict,
        found.error().message +
            "; put your own lines into haproxy.base_file, and this file out of the way"};
  if (fresh && found.error().kind != base::errc::not_found) return found.error();
  if (!fresh) file_ = std::move(found).value();
  // An earlier run may have been ended between a commit and HAProxy's verdict.
  untried_ = !fresh && store_.was_loaded_otherwise(file_);

  if (auto routes = routes_.load(); !routes) return routes;

  const bool managed = settings_.haproxy.mode == config::haproxy_mode::managed;
  // One that was left when an earlier run was ended in the middle of a reload.
  if (!fresh) write_server_state(no_server_state, report);
  apply_report unheard;
  incumbent_ = {kept_.running(), {}, true};
  const bool running = open(unheard);
  fresh_ = fresh && running;
  // Where no check tells whether HAProxy could start with the file, a corrected head is its chance.
  if (fresh || (!running && (managed || settings_.haproxy.binary.empty())))
    if (auto written = write_initial(report); !written && fresh) return written;
  if (managed) {
    if (auto up = start_managed(report); !up) return up;
    unsaved_.clear();  // nothing is desired yet
    saving_.done();
  }
  told_.clear();
  identity_ = {};
  incumbent_ = {kept_.running(), {}, true};
  if (open(report)) plan_head(report);
  keep_identity(report);
  reload_not_before_ = now + settle;
  finish(report);
  return {};
}

apply_report gateway::apply(const apply_request& request, time_point now) {
  now_ = now;
  apply_report report;
  const auto touched = take(request);
  for (const auto& name : touched) mark_unsaved(name);
  if (request.routes) saving_.changed(now);
  burst_ = request.more;
  const auto waiting = waiting_of(touched);
  reload_not_before_.reset();
  if (ready(report) && converge(touched, report, false) && confirm(report)) {
    // What a reload would load is another one now, and need not wait for the last one's failure.
    if (waiting != waiting_of(touched)) budget_.changed();
    if (!burst_) work_reload(report);
  } else if (!burst_) {
    commit_while_away(report);
  }
  finish(report);
  return report;
}

apply_report gateway::reconcile(time_point now) {
  now_ = now;
  apply_report report;
  restore_edited(report);
  if (keep_managed_alive(report) && open(report) && compare(report) && confirm(report) &&
      work_certificates(report)) {
    plan_head(report);
    // Not before: what ends every conversation in the middle would be tried again without a pause.
    if (work_reload(report)) absence_.settled();
  } else if (away_ && settings_.haproxy.binary.empty()) {
    commit_while_away(report);
  }
  watch_ports(report);
  keep_identity(report);
  finish(report);
  return report;
}

apply_report gateway::tick(time_point now) {
  if (const auto look = absence_.next_look(); look && *look <= now) return reconcile(now);
  now_ = now;
  apply_report report;
  if (verify_due_ && *verify_due_ <= now) look_after(report);
  if (saving_.due(now)) save(report);
  if (!drains_.due(now).empty() && open(report)) work_drains(report);
  if (const auto look = certificates_.next_look(); look && *look <= now && open(report))
    work_certificates(report);
  // What else a burst brings shall be part of it.
  if (!burst_ && reload_wanted() && reload_due() <= now && open(report)) work_reload(report);
  finish(report);
  return report;
}

std::optional<gateway::time_point> gateway::next_work() const {
  auto next = saving_.next();
  const auto sooner = [&next](std::optional<time_point> t) {
    if (t && (!next || *t < *next)) next = t;
  };
  sooner(absence_.next_look());
  if (away_) return next;
  sooner(verify_due_);
  sooner(drains_.next());
  sooner(certificates_.next_look());
  if (!burst_ && reload_wanted()) sooner(reload_due());
  return next;
}

apply_report gateway::configure(const gateway_settings& settings, time_point now) {
  now_ = now;
  apply_report report;
  settings_.frontends = settings.frontends;
  certificates_.follow(certificate_paths(settings_.frontends));
  told_.quiet_all(about_default_backend, [this](const auto& name) {
    return std::ranges::none_of(settings_.frontends, [&](const auto& f) { return f.name == name; });
  });
  settings_.haproxy.reload = settings.haproxy.reload;
  settings_.drain_timeout = settings.drain_timeout;
  drains_.set_timeout(settings.drain_timeout);
  budget_.configure(settings.haproxy.reload);
  budget_.changed();
  operators_.configure(settings_.haproxy);
  verify_against(settings.haproxy.server_ca_file, report);
  if (identity_.pid != 0) operators_.look(settings_.haproxy);
  plan_head(report);
  if (away_ && head_changed_ && settings_.haproxy.binary.empty() && write_initial(report))
    head_changed_ = false;
  reload_not_before_ = now + settle;
  finish(report);
  return report;
}

apply_report gateway::shut_down(std::chrono::milliseconds grace) {
  apply_report report;
  if (saving_.waits() || !unsaved_.empty()) save(report);
  restore_edited(report);
  session_.reset();
  lifeline_.drop();
  if (settings_.haproxy.mode == config::haproxy_mode::managed) outside_->stop(grace);
  return report;
}

}  // namespace switchyard::haproxy
