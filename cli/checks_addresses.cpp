// Checks of addresses: those of the frontends and that of the API.

#include <utility>

#include "base/net.hpp"
#include "base/text.hpp"
#include "cli/checks.hpp"
#include "cli/preflight.hpp"
#include "haproxy/addresses.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/reach.hpp"

namespace switchyard::cli {

void check_binds(const config::settings& settings, findings& found) {
  const auto& haproxy = settings.haproxy;
  std::string loaded_head;
  // Attached mode knows of an HAProxy that runs by its answer only, and it may be silent.
  if (haproxy.mode == config::haproxy_mode::attached || haproxy_runs(haproxy)) {
    const auto info = haproxy::show_info(haproxy);
    if (info && !haproxy::shares_network(haproxy, info->pid))
      return found.ok("frontends",
                      "their addresses are those of another network; the reload tries them");
    if (const auto file = haproxy::config_store(haproxy).load()) loaded_head = file->head;
  }
  const auto lost = haproxy::lost_binds(settings.frontends, loaded_head);
  for (const auto& [frontend, why] : lost)
    found.error("frontend " + frontend, why.message, base::bind_remedy(why.kind));
  if (lost.empty() && !settings.frontends.empty())
    found.ok("frontends", loaded_head.empty() ? "their addresses are free"
                                              : "their addresses are free or HAProxy's already");
}

void check_api(const config::settings& settings, findings& found) {
  const auto held = reserve_api(settings.api);
  if (held) return found.ok("api", settings.api.listen + " is free");
  if (held.error().kind == base::errc::conflict && switchyard_runs(settings.haproxy))
    return found.ok("api", settings.api.listen + " is in use, and a switchyard runs on " +
                               settings.haproxy.config_file);
  found.error("api", held.error().message, "set api.listen to an address that is free");
}

}  // namespace switchyard::cli
