#include "actors/plan_service.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "actors/question.hpp"

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

void plan_service::close() {
  closing_ = true;
  closed_.notify();
}

void plan_service::open() {
  closed_.clear();
  closing_ = false;
}

outcome<nlohmann::json> plan_service::answer(const plan_question& question) {
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
  auto made = plan(*settings, **state, question, &closed_);
  if (!made) return made.error();
  if (!question.whole)
    if (const auto held = ask_manager<holds_ptr>(holds_atom::value)) made->held = **held;
  hide_secrets(*made);
  return to_json(*made);
}

/// Nothing: it does not answer in time, or is not waited for any more.
template <class Answer, class Question>
std::optional<Answer> plan_service::ask_manager(const Question& question) {
  const auto found =
      ask_actor<children_ptr>(system_, longest, closing_, supervisor_, children_atom::value);
  const auto* const children = std::get_if<children_ptr>(&found);
  if (children == nullptr) return std::nullopt;
  const auto manager = (*children)->children.find("manager");
  if (manager == (*children)->children.end() || !manager->second.handle) return std::nullopt;
  const auto answer = ask_actor<Answer>(
      system_, longest, closing_, caf::actor_cast<manager_actor>(manager->second.handle), question);
  if (const auto* const known = std::get_if<Answer>(&answer)) return *known;
  return std::nullopt;
}

}  // namespace switchyard::actors
