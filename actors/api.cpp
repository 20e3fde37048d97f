#include "actors/api.hpp"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <random>
#include <utility>

#include "actors/api_service.hpp"
#include "actors/haproxy_scrape.hpp"
#include "actors/plan_service.hpp"
#include "api/http_server.hpp"
#include "api/routes.hpp"
#include "base/backoff.hpp"

namespace switchyard::actors {

namespace {

constexpr base::backoff::limits while_taken{std::chrono::milliseconds(500),
                                            std::chrono::milliseconds(10'000),
                                            std::chrono::milliseconds(30'000)};

struct api_state {
  api_state() = default;
  static inline const char* name = "api";

  settings_ptr settings;
  observer_ptr seen_by;
  std::shared_ptr<api_service> service;
  std::shared_ptr<plan_service> plans;
  std::shared_ptr<haproxy_scrape> scrape;
  api::router routes;
  std::unique_ptr<api::http_server> server;  // ends before what it uses
  std::string told;                          ///< why it does not listen, as the log has it
  base::backoff retry{while_taken};
  std::uint64_t round = 0;  ///< of the retries: settings that come meanwhile begin another one
  std::mt19937 random{std::random_device{}()};

  ~api_state() {
    // Requests that wait for HAProxy end at once.
    if (service) service->close();
    if (plans) plans->close();
  }
  api_state(const api_state&) = delete;
  api_state& operator=(const api_state&) = delete;
};
static_assert(!std::is_aggregate_v<api_state>);  // CAF would build one from its self pointer

using api_self = api_actor::stateful_pointer<api_state>;

std::vector<std::string> names_of_this_host(const config::api_settings& settings) {
  auto names = settings.hosts;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) names.emplace_back(name.data());
  return names;
}

base::status listen(api_self self) {
  auto& s = self->state;
  const auto& api = s.settings->api;
  api::server_settings wanted{
      api.listen, {api.token, names_of_this_host(api), api.certificate.has_value()}, nullptr, {}};
  if (api.certificate) {
    auto tls = api::tls_context::load(*api.certificate, *api.key);
    if (!tls) return tls.error();
    wanted.tls = std::move(*tls);
  }
  auto server = std::make_unique<api::http_server>(std::move(wanted), s.routes);
  if (auto started = server->start(); !started) return started;
  s.server = std::move(server);
  return {};
}

void try_to_listen(api_self self) {
  auto& s = self->state;
  if (s.server || s.settings->api.listen.empty()) return;
  if (const auto listening = listen(self); listening) {
    s.seen_by->say(spdlog::level::info, "api", "the API listens on " + s.settings->api.listen);
    s.told.clear();
    s.retry.reset();
    return;
  } else if (s.told != listening.error().message) {
    s.told = listening.error().message;
    s.seen_by->say(spdlog::level::err, "api",
                   "the API cannot listen: " + s.told + "; traffic goes on, and it is tried again");
  }
  const auto wait =
      s.retry.failed(base::backoff::clock::now(), static_cast<std::uint32_t>(s.random()));
  self->delayed_send(self, wait, tick_atom::value, ++s.round);
}

void take_settings(api_self self, const settings_ptr& next) {
  auto& s = self->state;
  const auto before = std::exchange(s.settings, next);
  s.service->configure(next);
  s.plans->configure(next);
  s.scrape->configure(next);
  // The files of a certificate may have changed under the same names.
  if (before->api == next->api && !next->api.certificate) return;
  // The new address must not wait for the requests of the old one.
  s.service->close();
  s.plans->close();
  s.server.reset();
  s.service->open();
  s.plans->open();
  s.told.clear();
  try_to_listen(self);
}

api::log_control control_of(const observer_ptr& seen_by) {
  return {[seen_by] { return std::string(to_string(level_of(*seen_by->log()))); },
          [seen_by](const std::string& word) {
            const auto level = config::log_level_of(word);
            if (level) seen_by->use_level(*level);
            return level.has_value();
          }};
}

/// Nothing: the manager does not answer. A hold that was rejected waits for nobody.
std::optional<std::map<std::string, api::held_figures>> held_by_provider(
    const std::weak_ptr<api_service>& from) {
  const auto service = from.lock();
  if (!service) return std::nullopt;
  const auto list = service->get_holds();
  if (!list) return std::nullopt;
  std::map<std::string, api::held_figures> all;
  for (const auto& h : list->holds) {
    auto& held = all[h.provider];
    if (!h.rejected) ++held.holds;
    held.servers += h.server_count;
  }
  return all;
}

void add_endpoints(api_self self) {
  auto& s = self->state;
  api::add_health(s.routes, *s.service);
  api::add_status(s.routes, *s.service);
  api::add_backends(s.routes, *s.service);
  api::add_routes(s.routes, *s.service);
  api::add_reconcile(s.routes, *s.service);
  api::add_holds(s.routes, *s.service);
  api::add_description(s.routes);
  api::add_plan(s.routes, [from = s.plans](std::optional<model::report> document, bool whole) {
    return from->answer({std::move(document), whole});
  });
  api::add_metrics(s.routes, s.seen_by->figures());
  api::add_events(s.routes, s.seen_by->events(), s.seen_by->figures(), s.seen_by->run());
  api::add_log(s.routes, control_of(s.seen_by));
}

api_actor::behavior_type api(api_self self, settings_ptr settings, observer_ptr seen_by,
                             const supervisor_actor& supervisor) {
  auto& s = self->state;
  s.settings = std::move(settings);
  s.seen_by = std::move(seen_by);
  s.service = std::make_shared<api_service>(self->system(), s.settings, supervisor);
  s.plans = std::make_shared<plan_service>(self->system(), s.settings, supervisor);
  s.scrape = std::make_shared<haproxy_scrape>(s.settings);
  s.seen_by->figures()->ask({[from = s.scrape] { return from->figures(); },
                             [from = s.scrape] { return from->old_workers(); },
                             [from = std::weak_ptr(s.service)] { return held_by_provider(from); }});
  s.routes.on_exception([told = s.seen_by](const api::request& r, const std::string& what) {
    told->say(spdlog::level::err, "api",
              "api: " + r.method + " " + r.path + ": internal error: " + what);
  });
  add_endpoints(self);
  try_to_listen(self);
  return {
      [=](configure_atom, const settings_ptr& next) { take_settings(self, next); },
      [=](tick_atom, std::uint64_t round) {
        if (round == self->state.round) try_to_listen(self);
      },
  };
}

}  // namespace

api_actor spawn_api(caf::actor_system& system, settings_ptr settings, observer_ptr seen_by,
                    const supervisor_actor& supervisor) {
  return system.spawn<caf::detached>(api, std::move(settings), std::move(seen_by), supervisor);
}

}  // namespace switchyard::actors
