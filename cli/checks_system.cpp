// Checks of what surrounds an installation: users, secrets, limits, the operator's own directives.

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/atomic_file.hpp"
#include "cli/base_file.hpp"
#include "cli/checks.hpp"
#include "cli/preflight.hpp"
#include "haproxy/reach.hpp"
#include "haproxy/routes.hpp"

namespace switchyard::cli {

namespace {

/// Who runs the daemon: the owner of its lock, else the user of its systemd unit.
std::optional<std::string> daemon_user(const config::haproxy_settings& settings) {
  struct stat lock {};
  if (::stat(lock_file(settings).c_str(), &lock) == 0) return user_name(lock.st_uid);
  for (const auto* unit :
       {"/etc/systemd/system/switchyard.service", "/lib/systemd/system/switchyard.service"}) {
    const auto text = base::read_file(unit, 1 << 20);
    const auto at = text ? text->find("\nUser=") : std::string::npos;
    if (at == std::string::npos) continue;
    const auto from = at + 6;
    return text->substr(from, text->find('\n', from) - from);
  }
  return std::nullopt;
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// "Ulimit-n: 20000" of `show info`; 0 when it is not there.
std::uint64_t field(const std::string& info, const std::string& name) {
  const auto at = ("\n" + info).find("\n" + name + ": ");
  return at == std::string::npos ? 0
                                 : number_in(std::string_view(info).substr(at + name.size() + 2));
}

const std::string limit_remedy =
    "raise the limit of open files (systemd: LimitNOFILE=; shell: ulimit -n), or lower maxconn in "
    "base_file's global section";

/// What a running HAProxy says. Whether one does.
bool limits_of_running(const config::haproxy_settings& settings, findings& found) {
  auto way = haproxy::reach_worker(settings, {});
  if (!way) return false;
  const auto info = way->conversation->execute_raw("show info");
  if (!info) return false;
  const auto limit = field(*info, "Ulimit-n"), needed = field(*info, "Maxsock");
  if (limit == 0 || needed == 0) return false;
  const auto text = "HAProxy may open " + std::to_string(limit) + " files and needs " +
                    std::to_string(needed) + " for its maxconn of " +
                    std::to_string(field(*info, "Maxconn"));
  if (needed > limit)
    found.warning("limits", text, limit_remedy);
  else
    found.ok("limits", text);
  return true;
}

void check_idle_close(const base_sections& base, std::size_t at, findings& found) {
  const auto& section = base[at];
  const auto* mode = effective(base, at, {"mode"});
  const bool http = mode != nullptr && mode->size() > 1 && (*mode)[1] == "http";
  if (!http || effective(base, at, {"option", "idle-close-on-response"}) != nullptr) return;
  found.warning("base_file",
                section.kind + " " + section.name +
                    " closes idle connections at a reload, and a request that is just coming on "
                    "one is lost",
                "add `option idle-close-on-response` to it or to its defaults");
}

void check_global(const config::haproxy_settings& settings, const base_sections& base,
                  findings& found) {
  const std::vector<std::string>* socket = nullptr;
  bool stops = false;
  for (const auto& section : base) {
    if (section.kind != "global") continue;
    if (const auto* line = section.find({"stats", "socket", settings.runtime_socket}))
      socket = line;
    stops = stops || section.find({"hard-stop-after"}) != nullptr;
  }
  const auto has = [&](std::string_view word) {
    return socket != nullptr && std::find(socket->begin(), socket->end(), word) != socket->end();
  };
  const auto wanted = "in its global section: stats socket " + settings.runtime_socket +
                      " mode 660 level admin expose-fd listeners";
  if (socket == nullptr)
    found.warning("base_file", "has no `stats socket " + settings.runtime_socket + "`", wanted);
  if (socket != nullptr && !has("admin"))
    found.error("base_file", "its runtime socket has no `level admin`", wanted);
  if (socket != nullptr && !has("expose-fd") && !settings.master_socket)
    found.warning("base_file",
                  "its runtime socket has no `expose-fd listeners`: without master-worker mode a "
                  "new HAProxy cannot take the listeners over",
                  wanted);
  if (!stops)
    found.warning("base_file",
                  "has no `hard-stop-after`: old workers live as long as their connections",
                  "in its global section: hard-stop-after 60s");
}

}  // namespace

void check_user(const config::settings& settings, findings& found) {
  const auto daemon = daemon_user(settings.haproxy);
  const auto own = user_name(::geteuid());
  if (!daemon)
    return found.ok("user", "permissions are those of " + this_user() +
                                "; run this as the user that will run the daemon");
  if (*daemon == own) return found.ok("user", this_user() + ", who also runs the daemon");
  found.warning("user",
                "permissions are those of " + this_user() + ", and the daemon is run by " + *daemon,
                "run this as that user: sudo -u " + *daemon + " switchyard doctor");
}

void check_directives(const config::settings& settings, const source_view& sources,
                      findings& found) {
  const auto base = read_base(settings.haproxy);
  bool follows = false;
  for (const auto& f : settings.frontends) follows = follows || f.mode == model::proxy_mode::http;
  if (base) {
    const auto before = found.list().size();
    if (settings.haproxy.mode == config::haproxy_mode::attached)
      check_global(settings.haproxy, *base, found);
    for (std::size_t i = 0; i < base->size(); ++i)
      if ((*base)[i].kind == "frontend" || (*base)[i].kind == "listen")
        check_idle_close(*base, i, found);
    if (found.list().size() == before)
      found.ok("base_file", "has the directives that switchyard wants");
    const auto text = base::read_file(*settings.haproxy.base_file);
    follows = follows || (text && text->find(haproxy::map_beside(settings.haproxy.config_file)) !=
                                      std::string::npos);
  }
  if (!sources.routes.empty() && !follows)
    found.warning("routes", "no frontend follows them",
                  "declare one of mode http under frontends:, or give your own the lines of "
                  "docs/routes.md, \"Frontends of your own\"");
}

void check_limits(const config::haproxy_settings& settings, findings& found) {
  if (limits_of_running(settings, found)) return;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::vector<std::string>* line = nullptr;
  if (const auto base = read_base(settings)) {
    std::uint64_t maxconn = 0;
    for (const auto& section : *base)
      if (section.kind == "global" && (line = section.find({"maxconn"})) && line->size() > 1)
        maxconn = number_in((*line)[1]);
    // Two a connection, and some for listeners, checks and pipes.
    const auto needed = 2 * maxconn + 100;
    if (maxconn > 0 && needed > files.rlim_max)
      return found.warning("limits",
                           "maxconn " + std::to_string(maxconn) + " needs about " +
                               std::to_string(needed) + " open files, and this user may have " +
                               std::to_string(files.rlim_max),
                           limit_remedy);
  }
  found.ok("limits", "up to " + std::to_string(files.rlim_max) + " open files");
}

}  // namespace switchyard::cli
