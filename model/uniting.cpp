#include "model/uniting.hpp"

#include <map>
#include <memory>
#include <string_view>
#include <utility>

namespace switchyard::model {

desired_version first_of(const std::vector<provided>& versions) {
  desired_version result;
  if (versions.empty()) return result;
  const auto& owner = versions.front();
  result.value = owner.value;
  for (auto other = versions.begin() + 1; other != versions.end(); ++other)
    result.collisions.push_back({owner.value->name, owner.provider, other->provider});
  return result;
}

desired_version unite(const std::vector<provided>& versions) {
  if (versions.size() < 2) return first_of(versions);
  desired_version result;
  const auto& first = versions.front();
  auto whole = std::make_shared<backend>(backend{first.value->name, first.value->settings, {}});
  std::map<std::string_view, std::string_view> owners;
  for (const auto& [provider, version] : versions) {
    if (version->settings != whole->settings && version->settings != backend_settings{})
      result.collisions.push_back({whole->name, first.provider, provider, contested::settings});
    for (const auto& s : version->servers) {
      const auto [owner, fresh] = owners.emplace(s.name, provider);
      if (fresh)
        whole->servers.push_back(s);
      else
        result.collisions.push_back(
            {whole->name, std::string(owner->second), provider, contested::server, s.name});
    }
  }
  sort_servers(whole->servers);
  result.value = std::move(whole);
  return result;
}

}  // namespace switchyard::model
