// The gateway's reloads: whether, why, and when.

#include <algorithm>
#include <utility>

#include "haproxy/gateway.hpp"

namespace switchyard::haproxy {

void gateway::plan_head(apply_report& report) {
  const auto head = render_head(settings_.haproxy, settings_.frontends, file_.modes(),
                                operators_.leave_server_state());
  if (!head) {
    tell(report, severity::error, "head", "frontends cannot be written: " + head.error().message,
         {matter::file});
    return;
  }
  quiet("head");
  head_changed_ = *head != file_.head;
  tell_misfits(report);
}

void gateway::tell_misfits(apply_report& report) {
  const auto found = misfits(settings_.frontends, file_.modes());
  for (const auto& frontend : settings_.frontends) {
    const auto topic = about_default_backend + frontend.name;
    if (const auto misfit = found.find(frontend.name); misfit != found.end())
      tell(report, severity::warning, topic, misfit->second, {matter::file});
    else
      quiet(topic);
  }
}

/// Another file is another setting of each backend that verifies its servers.
void gateway::verify_against(const std::optional<std::string>& other_ca_file,
                             apply_report& report) {
  if (settings_.haproxy.server_ca_file == other_ca_file) return;
  settings_.haproxy.server_ca_file = other_ca_file;
  operators_.renamed_ca_file(other_ca_file);
  rendered_.clear();
  names verifying;
  for (const auto& [name, backend] : desired_.all()) {
    const auto& tls = backend->settings.tls;
    if (tls.enabled && tls.verify == model::tls_verify::required) verifying.insert(name);
  }
  for (const auto& name : verifying) mark_unsaved(name);
  if (!away_) plan_all(verifying, report);  // what a reload is to bring
}

bool gateway::needs_reload() const {
  return !layout_known_ || head_changed_ || operators_.base_changed() || operators_.ca_changed() ||
         certificates_.wants_reload() || !pending_.empty();
}

/// Whether what runs has backends that nobody can tell of yet: our file was lost, and not all
/// providers have reported.
bool gateway::spares_running() const {
  return fresh_ && !layout_known_ && !foreign_ && !desired_.complete();
}

void gateway::tell_spared(apply_report& report) {
  if (away_ || !spares_running()) return quiet("spared");
  tell(report, severity::warning, "spared",
       settings_.haproxy.config_file +
           " was missing: HAProxy goes on with what it has, and is not reloaded before every "
           "provider has reported",
       {matter::reload});
}

bool gateway::reload_wanted() const {
  return !away_ && needs_reload() && !spares_running();
}

std::vector<reload_reason> gateway::reasons() const {
  std::vector<reload_reason> all;
  if (!reload_wanted()) return all;
  if (!layout_known_) all.push_back({reload_cause::unknown_layout, ""});
  if (head_changed_) all.push_back({reload_cause::changed_head, ""});
  if (operators_.base_changed()) all.push_back({reload_cause::operators_file, ""});
  if (operators_.ca_changed()) all.push_back({reload_cause::ca_file, ""});
  for (auto& reason : certificates_.reasons()) all.push_back(std::move(reason));
  for (const auto& [name, list] : pending_) all.insert(all.end(), list.begin(), list.end());
  return all;
}

gateway::time_point gateway::reload_due() const {
  const auto earliest = budget_.earliest();
  return reload_not_before_ ? std::max(earliest, *reload_not_before_) : earliest;
}

/// What of these waits for a reload, and with which settings.
std::map<std::string, std::pair<std::vector<reload_reason>, std::string>> gateway::waiting_of(
    const names& which) const {
  std::map<std::string, std::pair<std::vector<reload_reason>, std::string>> all;
  for (const auto& name : which) {
    const auto found = pending_.find(name);
    if (found == pending_.end()) continue;
    const auto* r = rendered_.find(name);
    all[name] = {found->second, r == nullptr ? "" : r->text};
  }
  return all;
}

}  // namespace switchyard::haproxy
