// Checks of addresses: those of the frontends and that of the API.

#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "api/listener.hpp"
#include "api/transport.hpp"
#include "base/net.hpp"
#include "base/text.hpp"
#include "cli/checks.hpp"
#include "cli/preflight.hpp"
#include "haproxy/addresses.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/incumbent.hpp"
#include "haproxy/port_watch.hpp"
#include "haproxy/reach.hpp"

namespace switchyard::cli {

namespace {

constexpr int settled_after = 200;  // ms

}  // namespace

void check_binds(const config::settings& settings, findings& found) {
  const auto& haproxy = settings.haproxy;
  std::string loaded_head;
  // Attached mode knows of an HAProxy that runs by its answer only, and it may be silent.
  if (haproxy.mode == config::haproxy_mode::attached || haproxy_runs(haproxy)) {
    const auto info = haproxy::show_info(haproxy);
    if (info && !haproxy::shares_network(haproxy, info->pid))
      return found.ok(
          "frontends",
          "HAProxy is in another network or process namespace: the reload tries their addresses");
    if (const auto file = haproxy::config_store(haproxy).load()) loaded_head = file->head;
  }
  const auto lost = haproxy::lost_binds(haproxy.mode, settings.frontends, loaded_head);
  for (const auto& [frontend, why] : lost)
    found.error("frontend " + frontend, why.message, base::bind_remedy(why.kind));
  if (lost.empty() && !settings.frontends.empty())
    found.ok("frontends", loaded_head.empty() ? "their addresses are free"
                                              : "their addresses are free or HAProxy's already");
}

void check_ports(const config::haproxy_settings& settings, findings& found) {
  const std::string subject = "ports";
  const auto info = haproxy::show_info(settings);
  if (!info) return;
  const auto met = haproxy::recognise(settings, {}, info->pid);
  if (!met) return found.error(subject, met.error().message, "end the other HAProxy");
  const auto ours = haproxy::processes_of(settings, met->master.pid, info->pid);
  const auto sockets = haproxy::sockets_of(ours);
  if (!sockets)
    return found.ok(subject,
                    "whether somebody else listens on HAProxy's takes its own user or root to see");
  const auto look = [&](haproxy::port_watch& watch) {
    return watch.look(haproxy::listeners_of(ours.worker),
                      [&] { return haproxy::sockets_of(ours); });
  };
  haproxy::port_watch watch;
  look(watch);
  // What a reload has between two hands is settled a moment later.
  if (!haproxy::beside(haproxy::listeners_of(ours.worker), *sockets).empty())
    ::poll(nullptr, 0, settled_after);
  const auto others = look(watch);
  if (!others || others->empty()) return found.ok(subject, "nobody else listens on HAProxy's");
  found.warning(subject, haproxy::shared_ports(*others, haproxy::holder_of),
                "end that program, or give it another port");
}

void check_api(const config::settings& settings, findings& found) {
  const auto& api = settings.api;
  if (api.listen.empty())
    return found.ok("api", "none; `switchyard status` and the like need one (api.listen)");
  if (api.certificate) {
    const auto tls = api::tls_context::load(*api.certificate, *api.key);
    found.note("api", tls ? base::status() : base::status(tls.error()),
               "TLS with " + *api.certificate,
               "let api.certificate and api.key name a certificate and its key as PEM");
  }
  const bool own = switchyard_runs(settings.haproxy);
  // To try a Unix socket would be to make it.
  if (const auto path = api::unix_path(api.listen)) {
    const auto folder = std::filesystem::path(*path).parent_path();
    if (own) return found.ok("api", api.listen + " is the running switchyard's");
    if (::access(folder.c_str(), W_OK | X_OK) == 0)
      return found.ok("api", api.listen + " can be made");
    return found.error("api", folder.string() + " cannot be written by " + this_user(),
                       "make the folder for the user that runs switchyard, or set api.listen");
  }
  api::listener socket;
  const auto opened = socket.open(api.listen);
  if (opened) return found.ok("api", api.listen + " is free");
  if (opened.error().kind == base::errc::conflict && own)
    return found.ok(
        "api", api.listen + " is in use, and a switchyard runs on " + settings.haproxy.config_file);
  found.error("api", opened.error().message,
              "end that program, or set api.listen to an address that is free");
}

}  // namespace switchyard::cli
