// The gateway's way from the desired state to runtime commands.

#include <algorithm>
#include <iterator>
#include <utility>

#include "haproxy/gateway.hpp"
#include "haproxy/step_sums.hpp"
#include "haproxy/step_words.hpp"

namespace switchyard::haproxy {

namespace {

// What was touched is read back this long after the first change. The table of a backend costs
// HAProxy more the more servers it has, just when it is to serve the new one; and a storm of
// changes is read back in one go.
constexpr std::chrono::milliseconds verify_delay{25};

}  // namespace

gateway::names gateway::take(const apply_request& request) {
  const bool was_complete = desired_.complete();
  auto taken = desired_.take(request, [this](const std::string& backend) {
    names present;
    if (const auto running = actual_.find(backend); running != actual_.end())
      for (const auto& [server, known] : running->second.servers) present.insert(server);
    if (const auto section = file_.backends.find(backend); section != file_.backends.end())
      for (const auto& line : section->second->servers)
        if (const auto server = parse_server_line(line)) present.insert(server->name);
    return present;
  });
  if (taken.for_routes) routes_.backends_changed();
  if (request.routes)
    routes_.want(request.routes, request.complete, request.unread_routes,
                 request.routes_by_settings);
  // What the file holds of an earlier run, backends and servers, stays until every provider has had
  // its say.
  if (request.complete && (request.full || !was_complete))
    for (const auto& [name, section] : file_.backends)
      if (!was_complete || !desired_.contains(name)) taken.touched.insert(name);
  return std::move(taken.touched);
}

gateway::names gateway::every_name() const {
  names all;
  for (const auto& [name, backend] : desired_.all()) all.insert(all.end(), name);
  for (const auto& [name, section] : file_.backends) all.insert(name);
  for (const auto& [name, running] : actual_) all.insert(name);
  return all;
}

// Plans and carries out. What was touched is due to be read back.
bool gateway::converge(const names& which, apply_report& report, bool repairing) {
  auto all = which;
  all.merge(held_);
  held_.clear();
  for (const auto& [name, reasons] : pending_)
    if (!desired_.contains(name)) all.insert(name);
  auto planned = plan_all(all, report);
  const auto so_far = [&] { return before_repairs{report.steps, tally_, report.notices.size()}; };
  const auto before = so_far();
  if (!planned.steps.empty() && !carry_out(planned.steps, report)) return false;
  if (repairing) note_repairs(before, report);
  for (const auto& s : planned.steps) unverified_.insert(s.backend);
  // What a burst's last part brings may be what routes lead to, and routes move before servers go.
  if (burst_) {
    for (const auto& s : planned.leaving) held_.insert(s.backend);
    for (const auto& [name, servers] : planned.departing) held_.insert(name);
  } else {
    if (!work_routes(report, repairing)) return false;
    const auto after_routes = so_far();
    plan_leaving(planned);
    if (!planned.leaving.empty() && !carry_out(planned.leaving, report)) return false;
    for (const auto& s : planned.leaving) unverified_.insert(s.backend);
    auto waiting = all;  // and those of a burst's earlier parts
    for (const auto& [name, reasons] : pending_) waiting.insert(name);
    if (!work_replacements(waiting, report)) return false;
    if (repairing) note_repairs(after_routes, report);
  }
  if (repairing) quiet_drift(all, planned.steps);  // all was read anew
  if (!verify_due_ && (!unverified_.empty() || routes_unverified_))
    verify_due_ = now_ + verify_delay;
  return true;
}

pending_steps gateway::plan_all(const names& which, apply_report& report) {
  pending_steps all;
  // Those that come first: others may have to serve in their place until then.
  for (const bool comes : {true, false})
    for (const auto& name : which)
      if (desired_.contains(name) == comes) plan_one(name, all, report);
  return all;
}

void gateway::plan_one(const std::string& name, pending_steps& all, apply_report& report) {
  pending_.erase(name);
  forget_refusals(name);
  tell_unread(name, report);
  const auto wanted = desired_.find(name);
  if (!wanted) {
    rendered_.forget(name);
    if (desired_.may_go(name) && !blamed(name)) plan_retiring(name, all);
    return;
  }
  drains_.forget({name, ""});
  const auto& backend = *wanted;
  const auto* r = render(backend, report);
  if (r == nullptr) return;
  const auto running = actual_.find(name);
  const auto* const has = running == actual_.end() ? nullptr : &running->second;
  auto p = plan_backend(backend, has, r->text, r->options, loaded_profile(name, r->text),
                        arrival_in(backend), options_while_stuck(name, has, report));
  for (const auto& e : p.refused)
    tell(report, severity::warning, "refused " + name, e.message, about_backend(name));
  if (p.refused.empty()) quiet("refused " + name);
  if (!p.reload.empty() && !blamed(name) && writable(backend, report))
    pending_[name] = std::move(p.reload);
  for (const auto& server : drains_.of(name))
    if (backend.find(server) != nullptr) drains_.forget({name, server});
  for (auto& s : p.steps) all.steps.push_back({name, std::move(s)});
  std::erase_if(p.leaving, [&](const auto& s) { return !desired_.may_go(name, s); });
  if (!p.leaving.empty()) all.departing[name] = std::move(p.leaving);
}

/// The options for new servers of a backend whose settings wait for a reload that is not to be had:
/// those that run. It would end up with servers that are long gone.
std::optional<std::string> gateway::options_while_stuck(const std::string& name,
                                                        const actual_backend* running,
                                                        apply_report& report) {
  const auto topic = "stuck " + name;
  const bool stuck = crowded_ || budget_.failures() > 0 || blamed(name);
  // Empty: they are not known.
  if (!stuck || running == nullptr || running->settings.empty() ||
      running->settings == rendered_.find(name)->text) {
    quiet(topic);
    return std::nullopt;
  }
  tell(report, severity::warning, topic,
       "backend " + name +
           " keeps the settings that it runs with until a reload succeeds; its servers follow the "
           "source",
       about_backend(name));
  return options_in(running->settings);
}

void gateway::tell_unread(const std::string& name, apply_report& report) {
  const auto topic = "unread " + name;
  if (!desired_.unread(name) || !file_.backends.contains(name)) return quiet(topic);
  tell(report, severity::warning, topic,
       "backend " + name +
           ": a part of it could not be read from its source; HAProxy keeps the last good version "
           "of that part",
       about_backend(name));
}

// A profile is loaded when the file that has it is.
std::optional<std::string> gateway::loaded_profile(const std::string& backend,
                                                   const std::string& settings) const {
  if (!can_add_backends() || by_reload_.contains(backend)) return std::nullopt;
  if (running_ && running_->contains(backend)) return std::nullopt;  // somebody else's
  auto name = profile_name(settings);
  if (!file_.profiles.contains(name)) return std::nullopt;
  return name;
}

bool gateway::can_add_backends() const {
  return can_ && can_->dynamic_backends && layout_known_;
}

arrival gateway::arrival_in(const model::backend& backend) const {
  const bool has_cookie = !backend.settings.sticky || (can_ && can_->cookie_of_added);
  return has_cookie ? arrival::in_place : arrival::by_a_move;
}

/// What the settings and the routes have to know of a step that was carried out.
void gateway::backend_changed(const pending_step& done) {
  if (done.what.what.kind != command_kind::add_backend) return;
  actual_[done.backend] = {rendered_.find(done.backend)->text, {}, false};
  if (running_) running_->insert(done.backend);
  routes_.backends_changed();
}

// Servers go into a backend that HAProxy has just added, never into another one of that name.
bool gateway::carry_out(const std::vector<pending_step>& steps, apply_report& report) {
  const auto adds = [](const pending_step& s) {
    return s.what.what.kind == command_kind::add_backend;
  };
  std::vector<pending_step> additions;
  std::ranges::copy_if(steps, std::back_inserter(additions), adds);
  if (additions.empty()) return send(steps, report);
  if (!send(additions, report)) return false;
  std::vector<pending_step> others;
  std::ranges::copy_if(steps, std::back_inserter(others),
                       [&](const auto& s) { return !adds(s) && actual_.contains(s.backend); });
  return others.empty() || send(others, report);
}

bool gateway::send(const std::vector<pending_step>& steps, apply_report& report) {
  std::vector<command> commands;
  commands.reserve(steps.size());
  for (const auto& s : steps) commands.push_back(s.what.what);
  const auto told_of = static_cast<std::size_t>(std::ranges::count_if(
      steps, [](const auto& s) { return s.what.why == step::purpose::desired; }));
  const auto verdicts = session_->execute(commands);
  const bool refused = std::ranges::any_of(verdicts, [](const auto& v) { return !v; });
  // It refuses ("Proxy is disabled."), and what it refuses is asked of the new worker.
  const auto old_worker = refused && !session_->broken() ? stopping() : base::outcome<bool>(false);
  names succeeded;
  names failed;
  step_sums sums;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& [backend, done] = steps[i];
    const auto who = subject_of(backend, done);
    const subject about{done.target.name.empty() ? matter::backend : matter::server, backend,
                        done.target.name};
    if (verdicts[i]) {
      if (done.why == step::purpose::desired) ++report.steps;
      if (const auto known = actual_.find(backend); known != actual_.end())
        note_done(known->second, done);
      backend_changed(steps[i]);
      const auto text = i > 0 && completes(steps[i - 1].what, done) ? "" : words_of(done);
      if (!text.empty() && !drifts(backend)) {
        if (told_of > told_one_by_one)
          sums.add(backend, done);
        else
          report.notices.push_back({severity::info, who + " " + text, about});
      }
      succeeded.insert(who);
    } else if (session_->broken()) {
      return lost(old_worker ? verdicts[i].error() : old_worker.error(), report);
    } else {
      if (old_worker && *old_worker) continue;
      ++report.failed_steps;
      if (const auto known = actual_.find(backend); known != actual_.end())
        note_refused(known->second, done);
      if (failed.insert(who).second)  // what follows a failed addition fails as well
        tell(report, severity::warning, about_step + who,
             "HAProxy refuses " + verdicts[i].error().message, about);
      if (done.what.kind == command_kind::add_backend) {
        by_reload_.insert(backend);
        pending_[backend] = {{reload_cause::new_backend, backend}};
      }
    }
  }
  for (const auto& who : succeeded)
    if (!failed.contains(who)) quiet(about_step + who);
  std::ranges::move(sums.notices(), std::back_inserter(report.notices));
  return true;
}

/// Whether a reload could bring the backend into the file with all its servers.
bool gateway::writable(const model::backend& backend, apply_report& report) {
  const auto section = render_backend(backend, ca_file());
  if (!section)
    tell(report, severity::error, "refused " + backend.name, section.error().message,
         about_backend(backend.name));
  return static_cast<bool>(section);
}

/// What servers are verified against.
std::string_view gateway::ca_file() const {
  const auto& file = settings_.haproxy.server_ca_file;
  return file ? std::string_view(*file) : system_ca;
}

const rendered_settings* gateway::render(const model::backend& backend, apply_report& report) {
  const auto rendered = rendered_.of(backend, ca_file());
  if (rendered) return *rendered;
  tell(report, severity::error, "refused " + backend.name,
       "backend " + backend.name + " cannot be written: " + rendered.error().message,
       about_backend(backend.name));
  return nullptr;
}

}  // namespace switchyard::haproxy
