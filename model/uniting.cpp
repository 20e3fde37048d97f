#include "model/uniting.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "model/places.hpp"

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

std::vector<collision> contested_routes(const std::vector<provided_routes>& all) {
  struct claim {
    const route* value;
    const std::string* provider;
  };
  std::vector<claim> claims;
  for (const auto& of : all)
    for (const auto& r : of.value) claims.push_back({&r, &of.provider});
  std::ranges::stable_sort(claims, [](const claim& a, const claim& b) {
    return place_of(*a.value) < place_of(*b.value);
  });
  std::vector<collision> found;
  const claim* used = nullptr;
  for (const auto& next : claims) {
    if (used == nullptr || place_of(*used->value) != place_of(*next.value))
      used = &next;
    else if (next.value->backend != used->value->backend)
      found.push_back({"", *used->provider, *next.provider, contested::route, "",
                       next.value->host + next.value->path});
  }
  return found;
}

}  // namespace switchyard::model
