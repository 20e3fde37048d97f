// The gateway's routes: where each may lead, and the map that has them.

#include <utility>

#include "base/text.hpp"
#include "haproxy/gateway.hpp"

namespace switchyard::haproxy {

namespace {

void tell_changed(const route_table::changes& done, apply_report& report) {
  for (const auto& c : done.each) {
    const auto& backend = c.to.empty() ? c.from : c.to;
    report.notices.push_back(
        {severity::info, words_of(c), {matter::routes, backend == no_backend ? "" : backend}});
  }
  if (done.made > 0 && done.each.empty())
    report.notices.push_back({severity::info,
                              base::counted(done.made, "entry") + " of the routes' map changed",
                              {matter::routes}});
}

}  // namespace

/// Frontends of mode http cannot lead to a backend of mode tcp.
bool gateway::routable(const std::string& backend) const {
  const auto wanted = desired_.find(backend);
  return !wanted || wanted->settings.mode == model::proxy_mode::http;
}

backend_presence gateway::presence(const std::string& backend) const {
  // Routes leave a backend before it goes.
  if (!routable(backend) || retiring(backend)) return backend_presence::unknown;
  if (running_ && running_->contains(backend)) return backend_presence::running;
  if (!running_ || desired_.contains(backend)) return backend_presence::coming;
  return backend_presence::unknown;
}

/// For an HAProxy that is loaded with this file.
backend_presence gateway::presence_in(const configuration& file, const std::string& backend) const {
  if (!routable(backend)) return backend_presence::unknown;
  if (file.backends.contains(backend)) return backend_presence::running;
  if (desired_.contains(backend)) return backend_presence::coming;
  const bool ours = file_.backends.contains(backend) || actual_.contains(backend);
  const bool operators = !ours && (!running_ || running_->contains(backend));
  return operators ? backend_presence::running : backend_presence::unknown;
}

bool gateway::work_routes(apply_report& report, bool repairing) {
  if (foreign_) return true;
  const before_repairs before{report.steps, tally_, report.notices.size()};
  const auto done = routes_.converge(
      *session_, [this](const auto& name) { return presence(name); }, now_, random());
  if (!done) return lost(done.error(), report);
  if (!routes_.loaded() && routes_.any())
    tell(report, severity::warning, "routes' map",
         "routes are not served: the running HAProxy has no map " + routes_.map(),
         {matter::routes});
  else
    quiet("routes' map");
  report.routes += done->made;
  routes_unverified_ = routes_unverified_ || done->made + done->failed > 0;
  tell_changed(*done, report);
  // What HAProxy had refused nobody has changed, and what was given up is not put back.
  if (repairing && !done->again && done->made > 0) note_repairs(before, report);
  if (done->failed > 0)
    tell(report, severity::error, "routes",
         base::counted(done->failed, "entry") + " of the routes' map " + routes_.map() +
             " cannot be changed: " + done->failure,
         {matter::routes});
  else
    quiet("routes");
  return true;
}

}  // namespace switchyard::haproxy
