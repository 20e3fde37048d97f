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
  config::api_settings served;               ///< what `server` was made of
  std::shared_ptr<api::tls_context> tls;     ///< likewise; nullptr: in the clear
  std::string told;  ///< why it does not serve as the settings say, as the log has it
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

/// Ends all requests; those that wait for HAProxy do so at once.
void stop_server(api_state& s) {
  s.service->close();
  s.plans->close();
  s.server->stop();
  s.service->open();
  s.plans->open();
}

/// The server there is goes on where the next one cannot begin.
base::status replace_server(api_state& s, std::shared_ptr<api::tls_context> tls) {
  const auto& api = s.settings->api;
  auto next = std::make_unique<api::http_server>(
      api::server_settings{
          api.listen, {api.token, names_of_this_host(api), tls != nullptr}, tls, {}},
      s.routes);
  auto started = next->start();
  const bool taken = !started && started.error().kind == base::errc::conflict;
  if (taken && s.server && api::in_the_way(s.served.listen, api.listen)) {
    stop_server(s);
    started = next->start();
    if (!started && !s.server->start()) s.server.reset();
  } else if (started && s.server) {
    stop_server(s);
  }
  if (!started) return started;
  s.server = std::move(next);
  s.served = api;
  s.tls = std::move(tls);
  return {};
}

/// Serves as the settings say, and as the files of the certificate are now. Where all is so
/// already no client notices. A certificate that cannot be used is the error, and the one before
/// goes on being shown, with what else is new.
base::status serve(api_state& s) {
  const auto& api = s.settings->api;
  std::shared_ptr<api::tls_context> tls;
  base::status certificate;
  if (api.certificate) {
    if (auto loaded = api::tls_context::load(*api.certificate, *api.key); loaded)
      tls = std::move(*loaded);
    else
      certificate = loaded.error();
    if (s.tls && (!tls || tls->shows_same(*s.tls))) tls = s.tls;
    if (!tls) return certificate;
  }
  if (s.server && s.served == api && s.tls == tls) return certificate;
  if (auto replaced = replace_server(s, std::move(tls)); !replaced) return replaced;
  s.seen_by->say(spdlog::level::info, "api", "the API listens on " + api.listen);
  s.told.clear();
  return certificate;
}

void try_to_serve(api_self self) {
  auto& s = self->state;
  ++s.round;
  const auto serving = serve(s);
  if (serving) {
    if (!s.told.empty())
      s.seen_by->say(spdlog::level::info, "api", "the API serves as its settings say");
    s.told.clear();
    s.retry.reset();
    return;
  }
  if (s.told != serving.error().message) {
    s.told = serving.error().message;
    s.seen_by->say(
        spdlog::level::err, "api",
        s.server ? "the API goes on as it was: " + s.told + "; it is tried again"
                 : "the API cannot listen: " + s.told + "; traffic goes on, and it is tried again");
  }
  const auto wait =
      s.retry.failed(base::backoff::clock::now(), static_cast<std::uint32_t>(s.random()));
  self->delayed_send(self, wait, tick_atom::value, s.round);
}

void take_settings(api_self self, const settings_ptr& next) {
  auto& s = self->state;
  s.settings = next;
  s.service->configure(next);
  s.plans->configure(next);
  s.scrape->configure(next);
  s.told.clear();  // whoever sends SIGHUP is told again
  if (!next->api.listen.empty()) return try_to_serve(self);
  ++s.round;
  if (s.server) stop_server(s);
  s.server.reset();
  s.tls.reset();
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
  if (!s.settings->api.listen.empty()) try_to_serve(self);
  return {
      [=](configure_atom, const settings_ptr& next) { take_settings(self, next); },
      [=](tick_atom, std::uint64_t round) {
        if (round == self->state.round) try_to_serve(self);
      },
  };
}

}  // namespace

api_actor spawn_api(caf::actor_system& system, settings_ptr settings, observer_ptr seen_by,
                    const supervisor_actor& supervisor) {
  return system.spawn<caf::detached>(api, std::move(settings), std::move(seen_by), supervisor);
}

}  // namespace switchyard::actors
