#include "haproxy/planner.hpp"

namespace switchyard::haproxy {

std::string_view to_string(reload_cause cause) {
  switch (cause) {
    case reload_cause::new_backend:
      return "new backend";
    case reload_cause::removed_backend:
      return "removed backend";
    case reload_cause::changed_settings:
      return "changed settings";
    case reload_cause::changed_server_options:
      return "changed server options";
    case reload_cause::changed_head:
      return "changed frontends or global settings";
    case reload_cause::operators_file:
      return "changed base_file";
    case reload_cause::ca_file:
      return "changed server_ca_file";
    case reload_cause::certificate:
      return "certificate";
    case reload_cause::unknown_layout:
      return "HAProxy runs another configuration";
    case reload_cause::trial:
      return "trial without the backends that wait";
  }
  return "unknown";
}

std::string subject_of(const std::string& backend, const step& s) {
  return s.target.name.empty() ? "backend " + backend : backend + "/" + s.target.name;
}

std::string words_of(const reload_reason& reason) {
  std::string words(to_string(reason.cause));
  if (!reason.subject.empty()) words += " " + reason.subject;
  if (!reason.detail.empty()) words += " [" + reason.detail + "]";
  return words;
}

std::map<std::string, reload_reason> by_backend(const std::vector<reload_reason>& reasons) {
  std::map<std::string, reload_reason> backends;
  for (const auto& r : reasons)
    if (r.cause != reload_cause::certificate && !r.subject.empty())
      backends.emplace(r.subject.substr(0, r.subject.find('/')), r);
  return backends;
}

}  // namespace switchyard::haproxy
