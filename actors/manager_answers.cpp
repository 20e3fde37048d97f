// What the manager answers to those who only ask.

#include <chrono>
#include <memory>
#include <utility>

#include "actors/manager_state.hpp"
#include "model/document.hpp"

namespace switchyard::actors {

status_ptr status_of(manager_self self) {
  auto& s = self->state;
  const auto steady_now = std::chrono::steady_clock::now();
  auto status = s.book.view(s.desired, s.refusals, std::chrono::system_clock::now(), steady_now,
                            s.seen_by->figures()->snapshot_ages(steady_now));
  for (const auto& f : s.names.book().failures()) {
    if (status.unresolved.size() == status_book::kept_objects) break;
    status.unresolved.push_back(model::sentence(f));
  }
  s.guard.show(status);
  return std::make_shared<const api::status>(std::move(status));
}

desired_ptr find(manager_self self, const std::string& name) {
  auto& s = self->state;
  api::desired_backend found;
  found.value = s.desired.find(name);
  found.versions = s.desired.versions(name);
  found.collisions = s.desired.collisions_of(name);
  found.unread = s.desired.unread_of(name);
  for (const auto& v : found.versions) found.held.merge(s.guard.held_in(v.provider, name));
  found.addressed = s.names.book().addressed(found.value, found.unread);
  return std::make_shared<const api::desired_backend>(std::move(found));
}

// Put together once for each revision that somebody asks for.
routes_ptr routes_of(manager_self self, const std::string& provider) {
  auto& s = self->state;
  const auto revision = s.desired.routes_revision();
  if (s.routes && s.routes_revision == revision && s.routes_versioned == provider) return s.routes;
  api::route_list list;
  list.all = std::make_shared<const std::vector<model::owned_route>>(s.desired.owned_routes());
  if (!provider.empty()) list.version = model::version_of(s.desired.routes_of(provider));
  s.routes = std::make_shared<const api::route_list>(std::move(list));
  s.routes_revision = revision;
  s.routes_versioned = provider;
  return s.routes;
}

}  // namespace switchyard::actors
