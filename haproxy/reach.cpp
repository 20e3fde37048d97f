#include "haproxy/reach.hpp"

#include <optional>
#include <utility>

#include "haproxy/runtime.hpp"
#include "haproxy/unix_socket.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::outcome;
using std::chrono::milliseconds;

outcome<process_info> info_in(const outcome<std::string>& reply) {
  if (!reply) return reply.error();
  return parse_info(*reply);
}

way way_of(outcome<runtime> opened, std::string detour) {
  return {std::make_unique<runtime>(std::move(opened).value()), std::move(detour)};
}

}  // namespace

outcome<master_process> show_proc(const std::string& master_socket, milliseconds longest) {
  const auto reply = ask(master_socket, "show proc", longest);
  if (!reply) return reply.error();
  return parse_proc(*reply);
}

outcome<process_info> show_info(const std::string& runtime_socket, milliseconds longest) {
  return info_in(ask(runtime_socket, "show info", longest));
}

outcome<process_info> show_info(const config::haproxy_settings& settings, milliseconds longest) {
  const base::deadline until(longest);
  auto direct = show_info(settings.runtime_socket, longest);
  if (direct || !settings.master_socket || !nobody_listens(settings.runtime_socket, until))
    return direct;
  const auto processes = show_proc(*settings.master_socket, until.left());
  if (!processes || processes->worker == 0) return direct;
  auto behind = info_in(ask(*settings.master_socket,
                            "@!" + std::to_string(processes->worker) + " show info", until.left()));
  return behind ? std::move(behind) : std::move(direct);
}

base::status require_admin(conversation& session, const std::string& where) {
  const auto level = session.execute_raw("show cli level");
  if (!level) return level.error();
  if (*level == "admin") return {};
  return base::error{errc::refused, where + " has level " + printable(*level) +
                                        " and may not change anything; add `level admin` to its "
                                        "`stats socket` line and restart HAProxy"};
}

outcome<way> reach_worker(const config::haproxy_settings& settings, const incumbent& known) {
  auto direct = runtime::connect(settings.runtime_socket);
  if (direct) return way_of(std::move(direct), "");
  const base::deadline until(runtime::limits{}.connect);
  if (!settings.master_socket || !nobody_listens(settings.runtime_socket, until))
    return direct.error();
  const auto neither = [&](const std::string& why) {
    return base::error{direct.error().kind,
                       direct.error().message + "; and through HAProxy's master: " + why};
  };
  const auto processes = show_proc(*settings.master_socket);
  if (!processes) return neither(processes.error().message);
  if (auto same = same_master(settings, known, *processes); !same) return same.error();
  if (processes->worker == 0) return neither("it has no worker");
  auto behind = runtime::connect_behind(*settings.master_socket, processes->worker);
  if (!behind) return neither(behind.error().message);
  // An HAProxy that has just started opens its sockets one after the other.
  auto missing = nobody_listens(settings.runtime_socket, until);
  if (!missing)
    if (auto there = runtime::connect(settings.runtime_socket)) return way_of(std::move(there), "");
  return way_of(std::move(behind), missing.value_or(direct.error()).message);
}

}  // namespace switchyard::haproxy
