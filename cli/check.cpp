#include <exception>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/findings.hpp"
#include "cli/preflight.hpp"
#include "config/load.hpp"
#include "haproxy/configuration.hpp"
#include "haproxy/master.hpp"
#include "haproxy/process.hpp"
#include "haproxy/replies.hpp"
#include "haproxy/runtime.hpp"
#include "providers/registry.hpp"

namespace switchyard::cli {

namespace {

void check_haproxy(const config::settings& settings, findings& found) {
  const auto version = haproxy_version(settings.haproxy);
  if (version)
    found.good("HAProxy binary", *version == "none"
                                     ? "none; configurations are checked by the reload alone"
                                     : "version " + *version);
  else
    found.bad("HAProxy binary", version.error().message);
  const auto file = files_usable(settings.haproxy);
  found.note("files", file, settings.haproxy.config_file);
  if (settings.haproxy.server_ca_file)
    found.note("server_ca_file", ca_file_usable(settings.haproxy),
               *settings.haproxy.server_ca_file);
  if (version && file)
    found.note("configuration", configuration_accepted(settings),
               settings.haproxy.binary.empty() ? "well formed" : "accepted by HAProxy");
}

/// Permissions of the runtime socket: a change that changes nothing is asked for.
base::status check_level(haproxy::runtime& runtime) {
  const auto reply = runtime.execute_raw("set server switchyard-check/none weight 1");
  if (!reply) return reply.error();
  if (reply->find("ermission denied") == std::string::npos) return {};
  return base::error{base::errc::refused,
                     "may not change anything; add `level admin` to its `stats socket` line"};
}

std::string silent(const base::error& why) {
  return why.message + (why.kind == base::errc::unavailable ? "; is HAProxy running?" : "");
}

void check_runtime_socket(const config::haproxy_settings& settings, findings& found) {
  const std::string subject = "runtime_socket " + settings.runtime_socket;
  auto runtime = haproxy::runtime::connect(settings.runtime_socket);
  if (!runtime) return found.bad(subject, silent(runtime.error()));
  const auto reply = runtime->execute_raw("show info");
  const auto info =
      reply ? haproxy::parse_info(*reply) : base::outcome<haproxy::process_info>(reply.error());
  if (!info) return found.bad(subject, info.error().message);
  found.note(subject, check_level(*runtime),
             "HAProxy " + info->version + ", pid " + std::to_string(info->pid) + ", level admin");
  const std::string variable(haproxy::layout_variable);
  const auto layout = runtime->execute_raw("show env " + variable);
  if (!layout || haproxy::parse_env(*layout, variable).empty())
    found.bad(subject, "this HAProxy does not read " + settings.config_file +
                           "; start switchyard once, add `-f " + settings.config_file +
                           "` to HAProxy's command line and restart HAProxy");
}

void check_sockets(const config::settings& settings, findings& found) {
  const bool runs = haproxy_runs(settings.haproxy);
  if (settings.haproxy.mode == config::haproxy_mode::managed && !runs) {
    found.note("haproxy", haproxy::none_left_behind(settings.haproxy), "none of an earlier run");
    found.note("frontends", binds_free(settings), "their addresses are free");
    found.note("api", api_usable(settings.api),
               settings.api.listen.empty() ? "none" : settings.api.listen + " is free");
    return;
  }
  check_runtime_socket(settings.haproxy, found);
  if (settings.haproxy.pid_file)
    found.note("pid_file", pid_file_usable(settings.haproxy), *settings.haproxy.pid_file);
  if (!settings.haproxy.master_socket) return;
  const auto master = haproxy::show_proc(*settings.haproxy.master_socket);
  const auto subject = "master_socket " + *settings.haproxy.master_socket;
  if (master)
    found.good(subject, "master " + std::to_string(master->master) + ", worker " +
                            std::to_string(master->worker));
  else
    found.bad(subject, silent(master.error()));
}

/// What PostgreSQL says, and what usually helps.
std::string with_remedy(const std::string& message) {
  const auto says = [&](const char* text) { return message.find(text) != std::string::npos; };
  if (says("relation") && says("does not exist"))
    return message + "; make the tables with `switchyard sql | psql`";
  if (says("permission denied for"))
    return message + "; as the tables' owner: GRANT switchyard TO the user of the dsn";
  if (says("role") && says("does not exist")) return message + "; name the user in the dsn: user=…";
  return message;
}

/// A message without the name that its line begins with anyway.
std::string without(const std::vector<std::string>& prefixes, std::string message) {
  for (const auto& prefix : prefixes)
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
  return message;
}

void check_provider(const config::provider_settings& settings, findings& found) {
  const auto subject = "provider " + settings.name;
  const std::vector<std::string> prefixes{subject + ": ", settings.name + ": "};
  auto provider = providers::make(settings);
  if (!provider) return found.bad(subject, without(prefixes, provider.error().message));
  const auto report = (*provider)->backends();
  if (!report) return found.bad(subject, with_remedy(without(prefixes, report.error().message)));
  std::size_t servers = 0;
  for (const auto& [name, event] : report->backends)
    if (event.value) servers += event.value->servers.size();
  found.good(subject, std::to_string(report->backends.size()) + " backends, " +
                          std::to_string(servers) + " servers");
  for (const auto& r : report->refused) found.bad(subject, "refused " + r.key + ": " + r.reason);
  // Changes are followed by reading single backends, for which a source may have a query of its
  // own.
  const auto name = report->backends.empty() ? "none" : report->backends.begin()->first;
  const auto single = (*provider)->backend(name);
  if (!single)
    found.bad(subject, "reading the single backend " + name + ": " +
                           with_remedy(without(prefixes, single.error().message)));
  else if (!report->backends.empty() && !single->backends.contains(name))
    found.bad(subject, "backend " + name +
                           " is there when everything is read, and not when it is read alone");
}

}  // namespace

int check(const common_options& options) {
  findings found;
  const auto settings = config::load(options.config, config::switchyard_environment());
  if (settings) {
    found.good("settings", options.config);
    check_haproxy(*settings, found);
    check_sockets(*settings, found);
    for (const auto& p : settings->providers) check_provider(p, found);
  } else {
    found.bad("settings", settings.error().message);
  }
  found.print(options.output);
  return found.all_good() ? 0 : 1;
}

}  // namespace switchyard::cli
