#include "actors/api_answers.hpp"

#include <algorithm>
#include <variant>

namespace switchyard::actors {

const config::provider_settings* memory_provider(const config::settings& settings) {
  const auto found = std::ranges::find_if(settings.providers, [](const auto& p) {
    return std::holds_alternative<config::memory_settings>(p.source);
  });
  return found == settings.providers.end() ? nullptr : &*found;
}

std::vector<std::string> words(const std::vector<haproxy::reload_reason>& reasons) {
  std::vector<std::string> all;
  all.reserve(reasons.size());
  for (const auto& r : reasons) all.push_back(words_of(r));
  return all;
}

api::actual_backend actual_of(const haproxy::seen_backend& seen) {
  const auto& whole = seen.live.whole;
  api::actual_backend result{whole.status, whole.sessions, whole.queued, whole.total, {}};
  for (const auto& [name, s] : seen.servers) {
    const auto live = seen.live.servers.find(name);
    const auto figures = live == seen.live.servers.end() ? haproxy::live_figures{} : live->second;
    result.servers[name] = {s.address,        s.port,         s.weight,
                            s.state,          figures.status, figures.check,
                            figures.sessions, figures.queued, figures.total};
  }
  return result;
}

bool concerns(const std::string& reason, const std::string& backend) {
  return backend.empty() || reason.starts_with("and ") || reason.ends_with(" " + backend) ||
         reason.find(" " + backend + "/") != std::string::npos;
}

bool brought(const api::apply_status& pass, const api::write_result& change,
             const std::string& backend) {
  if (change.revision == 0 || pass.revision < change.revision || pass.kind != "changes")
    return false;
  if (backend.empty()) return pass.routes > 0;
  return pass.backends.empty() || std::ranges::count(pass.backends, backend) > 0;
}

}  // namespace switchyard::actors
