#include "actors/plan_service.hpp"

#include <optional>
#include <utility>

namespace switchyard::actors {

namespace {

using base::errc;
using base::error;
using base::outcome;

}  // namespace

plan_service::plan_service(caf::actor_system& system, settings_ptr settings,
                           supervisor_actor supervisor)
    : system_(system), supervisor_(std::move(supervisor)), settings_(std::move(settings)) {}

void plan_service::configure(settings_ptr settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

outcome<nlohmann::json> plan_service::answer(plan_question question) {
  const std::unique_lock alone(planning_, longest);
  if (!alone) return error{errc::unavailable, "other plans are being made; try again in a moment"};
  const auto state = desired();
  if (!state) return state.error();
  settings_ptr settings;
  {
    const std::lock_guard lock(mutex_);
    settings = settings_;
  }
  const auto made = plan(*settings, **state, question);
  if (!made) return made.error();
  return to_json(*made);
}

outcome<desired_copy_ptr> plan_service::desired() {
  caf::scoped_actor self(system_);
  children_ptr children;
  desired_copy_ptr state;
  const auto failed = [](const caf::error&) {};
  self->request(supervisor_, longest, children_atom::value)
      .receive([&](const children_ptr& found) { children = found; }, failed);
  if (children)
    if (const auto manager = children->children.find("manager");
        manager != children->children.end())
      self->request(caf::actor_cast<manager_actor>(manager->second.handle), longest,
                    copy_atom::value)
          .receive([&](const desired_copy_ptr& found) { state = found; }, failed);
  if (state) return state;
  return error{errc::unavailable, "switchyard's manager does not answer; try again in a moment"};
}

}  // namespace switchyard::actors
