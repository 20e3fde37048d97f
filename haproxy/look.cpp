#include "haproxy/look.hpp"

#include <utility>

#include "haproxy/commands.hpp"
#include "haproxy/runtime.hpp"

namespace switchyard::haproxy {

namespace {

using namespace std::chrono_literals;

constexpr runtime::limits short_ones{1s, 3s, 64U << 20};

base::outcome<runtime> converse(const config::haproxy_settings& settings, pid_t worker) {
  auto direct = runtime::connect(settings.runtime_socket, short_ones);
  if (direct || worker == 0 || !settings.master_socket) return direct;
  auto detour = runtime::connect_behind(*settings.master_socket, worker, short_ones);
  return detour ? std::move(detour) : std::move(direct);
}

}  // namespace

base::outcome<seen_backend> look_at(const config::haproxy_settings& settings, pid_t worker,
                                    const std::string& backend) {
  const auto name = argument(backend);
  if (!name) return name.error();
  auto conversation = converse(settings, worker);
  if (!conversation) return conversation.error();
  const auto states = conversation->execute_raw("show servers state " + *name);
  if (!states) return states.error();
  auto servers = parse_servers_state(*states);
  if (!servers) return servers.error();
  const auto figures = conversation->execute_raw("show stat " + *name + " 6 -1");
  if (!figures) return figures.error();
  auto live = parse_live(*figures);
  if (!live) return live.error();
  return seen_backend{std::move((*servers)[backend]), std::move(*live)};
}

base::outcome<seen_figures> look_at_figures(const config::haproxy_settings& settings,
                                            pid_t worker) {
  auto conversation = converse(settings, worker);
  if (!conversation) return conversation.error();
  const auto told = conversation->execute_raw("show info");
  if (!told) return told.error();
  auto info = parse_info(*told);
  if (!info) return info.error();
  const auto table = conversation->execute_raw("show stat -1 6 -1");
  if (!table) return table.error();
  auto states = count_states(*table);
  if (!states) return states.error();
  return seen_figures{std::move(info->version), std::move(*states)};
}

}  // namespace switchyard::haproxy
