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
  const auto state = ask_manager<desired_copy_ptr>(copy_atom::value);
  if (!state)
    return error{errc::unavailable, "switchyard's manager does not answer; try again in a moment"};
  settings_ptr settings;
  {
    const std::lock_guard lock(mutex_);
    settings = settings_;
  }
  auto made = plan(*settings, **state, question);
  if (!made) return made.error();
  if (!question.whole)
    if (const auto held = ask_manager<holds_ptr>(holds_atom::value)) made->held = **held;
  hide_secrets(*made);
  return to_json(*made);
}

/// Nothing: it does not answer in time.
template <class Answer, class Question>
std::optional<Answer> plan_service::ask_manager(const Question& question) {
  caf::scoped_actor self(system_);
  children_ptr children;
  std::optional<Answer> answer;
  const auto failed = [](const caf::error&) {};
  self->request(supervisor_, longest, children_atom::value)
      .receive([&](const children_ptr& found) { children = found; }, failed);
  if (!children) return answer;
  const auto manager = children->children.find("manager");
  if (manager == children->children.end()) return answer;
  self->request(caf::actor_cast<manager_actor>(manager->second.handle), longest, question)
      .receive([&](const Answer& found) { answer = found; }, failed);
  return answer;
}

}  // namespace switchyard::actors
