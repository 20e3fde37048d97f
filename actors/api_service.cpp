#include "actors/api_service.hpp"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "actors/api_answers.hpp"
#include "actors/question.hpp"
#include "base/fd.hpp"
#include "haproxy/look.hpp"

namespace switchyard::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 20ms;  // while a change is on its way
constexpr std::size_t told_reasons = 20;

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

settings_ptr api_service::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

// -- questions

template <class Result, class Actor, class... Message>
base::outcome<Result> api_service::request(std::chrono::milliseconds deadline, const Actor& whom,
                                           const Message&... message) {
  auto answer = ask_actor<Result>(system_, deadline, closing_, whom, message...);
  if (auto* result = std::get_if<Result>(&answer)) return std::move(*result);
  return std::get<unanswered>(answer) == unanswered::late ? late : restarting;
}

template <class Result, class Actor, class... Message>
base::outcome<Result> api_service::ask(const Actor& whom, const Message&... message) {
  const std::unique_lock lock(asking_, longest);
  if (!lock) return late;
  return request<Result>(longest, whom, message...);
}

base::outcome<caf::actor> api_service::child(const std::string& name) {
  const auto list = ask<children_ptr>(supervisor_, children_atom::value);
  if (!list) return list.error();
  const auto found = (*list)->children.find(name);
  if (found == (*list)->children.end() || !found->second.handle) return restarting;
  return found->second.handle;
}

template <class Result, class... Message>
base::outcome<Result> api_service::ask_manager(const Message&... message) {
  const auto manager = child("manager");
  if (!manager) return manager.error();
  return ask<Result>(caf::actor_cast<manager_actor>(*manager), message...);
}

base::outcome<api::status> api_service::get_status() {
  const auto known = ask<status_ptr>(supervisor_, status_atom::value);
  if (!known) return known.error();
  auto s = **known;
  s.version = SWITCHYARD_VERSION;
  s.started = started_;
  return s;
}

base::outcome<model::backend_page> api_service::get_backends(const std::string& after,
                                                             const std::string& provider,
                                                             std::size_t most) {
  const auto page =
      ask_manager<page_ptr>(list_atom::value, after, provider, static_cast<std::uint64_t>(most));
  if (!page) return page.error();
  return **page;
}

base::outcome<api::backend_detail> api_service::get_backend(const std::string& name) {
  const auto desired = ask_manager<desired_ptr>(find_atom::value, name);
  if (!desired) return desired.error();
  const auto known = get_status();
  api::backend_detail detail{**desired, std::nullopt, "", nullptr};
  if (const auto* memory = memory_provider(*settings()))
    for (const auto& v : detail.desired.versions)
      if (v.provider == memory->name) detail.by_hand = v.value;
  const std::unique_lock lock(looking_, longest);
  if (!lock) {
    detail.unreadable = "too many ask HAProxy at this moment; try again";
    return detail;
  }
  const auto seen = haproxy::look_at(settings()->haproxy, known ? known->haproxy.pid : 0, name);
  if (seen)
    detail.actual = actual_of(*seen);
  else if (seen.error().kind != base::errc::not_found)
    detail.unreadable = seen.error().message;
  else if (!detail.desired.value && !detail.desired.unread.any())
    return base::error{base::errc::not_found,
                       "nobody desires a backend " + name + ", and HAProxy has none"};
  return detail;
}

base::outcome<api::route_list> api_service::get_routes() {
  const auto now = settings();
  const auto* const memory = memory_provider(*now);
  const auto list =
      ask_manager<routes_ptr>(routes_atom::value, memory == nullptr ? std::string() : memory->name);
  if (!list) return list.error();
  return **list;
}

base::outcome<api::reconcile_result> api_service::reconcile() {
  const auto manager = child("manager");
  if (!manager) return manager.error();
  // A pass may take a reload's time; other questions go on meanwhile.
  const auto done =
      request<apply_report_ptr>(30s, caf::actor_cast<manager_actor>(*manager), repair_atom::value);
  if (!done) return done.error();
  const auto& report = **done;
  api::reconcile_result result{
      report.reachable, report.repaired, report.reload.has_value(), words(report.waiting), {},
      report.took};
  for (const auto& n : report.notices) result.notices.push_back(n.text);
  return result;
}

// -- changes

/// The memory provider, if the change is its to make.
base::outcome<std::string> api_service::writable_provider(const model::edit& change) {
  const auto now = settings();
  const auto* const found = memory_provider(*now);
  if (found == nullptr)
    return base::error{base::errc::refused,
                       "no provider takes changes by hand; add the line `- {name: manual, type: "
                       "memory}` under `providers:` in the settings, and send SIGHUP"};
  if (change.backend.empty() || now->merge.contains(change.backend)) return found->name;
  const auto desired = ask_manager<desired_ptr>(find_atom::value, change.backend);
  if (!desired) return desired.error();
  const auto& versions = (*desired)->versions;
  if (!versions.empty() && versions.front().provider != found->name)
    return base::error{base::errc::refused,
                       "the backend " + change.backend + " belongs to the provider " +
                           versions.front().provider +
                           "; change it in its source, or list it under merge to add servers"};
  return found->name;
}

/// Waits until HAProxy has what the manager acknowledged: a reload may have to wait for its turn.
void api_service::follow(api::write_result& result, const touched& what,
                         const base::deadline& until) {
  for (;;) {
    const auto s = get_status();
    if (!s) {
      result.waiting = {s.error().message};
      return;
    }
    result.waiting = missing_in(s->haproxy, what);
    if (s->applied_revision < result.revision) result.waiting.emplace_back("its apply");
    for (const auto& pass : s->recent)
      if (brought(pass, result, what)) result.pass = pass;
    result.applied = result.waiting.empty();
    if (result.applied || until.passed() || closing_) return;
    std::this_thread::sleep_for(look_again);
  }
}

base::outcome<api::write_result> api_service::write(const model::edit& change,
                                                    std::chrono::milliseconds wait) {
  const base::deadline until(wait);
  const auto provider = writable_provider(change);
  if (!provider) return provider.error();
  const auto handle = child("provider " + *provider);
  if (!handle) return handle.error();
  const auto actor = caf::actor_cast<provider_actor>(*handle);
  const auto answer = request<edit_answer_ptr>(
      longest, actor, edit_atom::value, edit_ptr(std::make_shared<const model::edit>(change)));
  if (!answer) return answer.error();
  if (!(*answer)->done) return (*answer)->done.error();
  api::write_result result;
  result.done = *(*answer)->done;
  result.provider = *provider;
  // Until here the change was made; what follows only tells how far it has come.
  if (wait.count() == 0) {
    result.waiting.emplace_back("its apply");
    return result;
  }
  if (result.done.changed) {
    const auto revision =
        request<std::uint64_t>(until.left(), actor, await_atom::value, (*answer)->report);
    if (!revision) {
      result.waiting.emplace_back("its apply");
      return result;
    }
    result.revision = *revision;
  }
  follow(result, touched_by(change), until);
  return result;
}

// -- what is held

base::outcome<api::hold_list> api_service::get_holds() {
  const auto held = ask_manager<holds_ptr>(holds_atom::value);
  if (!held) return held.error();
  return **held;
}

base::outcome<api::decision_result> api_service::decide(std::uint64_t hold, decision what,
                                                        std::chrono::milliseconds wait) {
  const base::deadline until(wait);
  const auto handle = child("manager");
  if (!handle) return handle.error();
  const auto manager = caf::actor_cast<manager_actor>(*handle);
  const auto answer = what == decision::approve
                          ? ask<decision_ptr>(manager, approve_atom::value, hold)
                          : ask<decision_ptr>(manager, reject_atom::value, hold);
  if (!answer) return answer.error();
  if (!(*answer)->hold) return (*answer)->hold.error();
  api::decision_result result{*(*answer)->hold, {}};
  auto& written = result.written;
  written.provider = result.hold.provider;
  written.done.changed = what == decision::approve;
  written.waiting.emplace_back("its apply, and its record in state_dir");
  if (wait.count() == 0) return result;
  const auto revision =
      request<std::uint64_t>(until.left(), manager, await_atom::value, (*answer)->ticket);
  if (!revision) return result;
  written.revision = *revision;
  const auto& servers = result.hold.servers;
  touched places;
  places.routes = servers.empty();
  for (const auto& [backend, server] : servers) places.backends.insert(backend);
  follow(written, places, until);
  if (what == decision::approve)
    for (auto& reason : what_keeps(servers)) written.waiting.push_back(std::move(reason));
  written.applied = written.waiting.empty();
  return result;
}

/// Why servers that were let go are still there, by what could not be read of their backends.
std::vector<std::string> api_service::what_keeps(
    const std::vector<std::pair<std::string, std::string>>& servers) {
  std::vector<std::string> reasons;
  std::map<std::string, std::set<std::string>> by_backend;
  for (const auto& [backend, server] : servers) by_backend[backend].insert(server);
  for (const auto& [backend, names] : by_backend) {
    if (reasons.size() == told_reasons) break;
    const auto found = ask_manager<desired_ptr>(find_atom::value, backend);
    if (!found) continue;
    const auto& unread = (*found)->unread;
    if (std::ranges::any_of(names, [&](const auto& name) { return unread.covers(name); }))
      reasons.push_back("backend " + backend +
                        ", of which something cannot be read or resolved: what HAProxy has of it "
                        "stays until it can");
  }
  return reasons;
}

}  // namespace switchyard::actors
