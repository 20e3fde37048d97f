#include "actors/api_service.hpp"

#include <optional>
#include <utility>

namespace switchyard::actors {

namespace {

const base::error late{base::errc::timeout, "switchyard did not answer in time; try again"};
const base::error restarting{base::errc::unavailable,
                             "a part of switchyard is starting anew; try again in a moment"};

}  // namespace

api_service::api_service(caf::actor_system& system, settings_ptr settings,
                         supervisor_actor supervisor)
    : system_(system),
      supervisor_(std::move(supervisor)),
      started_(std::chrono::system_clock::now()),
      settings_(std::move(settings)) {}

void api_service::configure(settings_ptr settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

template <class Result, class Actor, class... Message>
base::outcome<Result> api_service::ask(const Actor& whom, const Message&... message) {
  const std::unique_lock lock(asking_, longest);
  if (!lock) return late;
  caf::scoped_actor self(system_);
  std::optional<Result> result;
  bool in_time = true;
  self->request(whom, longest, message...)
      .receive([&](const Result& r) { result = r; },
               [&](const caf::error& e) { in_time = e != caf::sec::request_timeout; });
  if (result) return *std::move(result);
  return in_time ? restarting : late;
}

base::outcome<api::status> api_service::get_status() {
  const auto known = ask<status_ptr>(supervisor_, status_atom::value);
  if (!known) return known.error();
  auto s = **known;
  s.version = SWITCHYARD_VERSION;
  s.started = started_;
  return s;
}

}  // namespace switchyard::actors
