// Checks of the sources, and of what leads to their backends.

#include <map>
#include <set>
#include <utility>

#include "actors/kept_view.hpp"
#include "base/text.hpp"
#include "cli/base_file.hpp"
#include "cli/checks.hpp"
#include "haproxy/renderer.hpp"
#include "providers/quota_sink.hpp"
#include "providers/registry.hpp"

namespace switchyard::cli {

namespace {

/// A message without the name that its line begins with anyway.
std::string without(const std::vector<std::string>& prefixes, std::string message) {
  for (const auto& prefix : prefixes)
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
  return message;
}

/// One provider under its subject.
class source_check {
 public:
  source_check(const config::provider_settings& settings, source_view& view, findings& found)
      : subject_("provider " + settings.name),
        prefixes_{subject_ + ": ", settings.name + ": "},
        view_(view),
        found_(found) {}

  void run(const config::provider_settings& settings, bool thorough) {
    auto provider = providers::make(settings);
    if (!provider) return fail(provider.error().message, "mend its entry under providers:");
    const auto report = (*provider)->backends();
    if (report) {
      take(*report);
      if (const auto excess = providers::over_quota(*report, settings.max_objects); !excess.empty())
        fail(excess, "take out of the source what does not belong there, or raise max_objects");
      look_at_single(**provider, *report);
    } else {
      fail(report.error().message, (*provider)->remedy(report.error()));
    }
    if (thorough && (report || report.error().kind == base::errc::refused)) diagnose(**provider);
  }

 private:
  void fail(const std::string& message, std::string remedy) {
    view_.complete = false;
    if (remedy.empty()) remedy = "mend the source, or take it out of providers:";
    found_.error(subject_, without(prefixes_, message), std::move(remedy));
  }

  void take(const model::report& report) {
    std::size_t servers = 0;
    for (const auto& [name, event] : report.backends) {
      if (!event.value) continue;
      servers += event.value->servers.size();
      view_.backends.emplace(name, event.value->settings.mode);
    }
    if (report.routes)
      view_.routes.insert(view_.routes.end(), report.routes->begin(), report.routes->end());
    found_.ok(subject_, base::counted(report.backends.size(), "backend") + ", " +
                            base::counted(servers, "server"));
    for (const auto& r : report.refused)
      found_.warning(subject_, "refused " + r.key + ": " + r.reason,
                     "mend it in the source; until then its last good version stays in force, and "
                     "the rest is served");
  }

  /// Changes are followed by reading single backends, for which a source may have a query of its
  /// own.
  void look_at_single(providers::provider& provider, const model::report& report) {
    const auto name = report.backends.empty() ? "none" : report.backends.begin()->first;
    const auto single = provider.backend(name);
    if (!single)
      fail("reading the single backend " + name + ": " + without(prefixes_, single.error().message),
           provider.remedy(single.error()));
    else if (!report.backends.empty() && !single->backends.contains(name))
      found_.error(
          subject_,
          "backend " + name + " is there when everything is read, and not when it is read alone",
          "let queries.backends find what queries.all finds, by the names in $1");
  }

  void diagnose(providers::provider& provider) {
    for (auto& d : provider.diagnose()) {
      if (d.value == providers::diagnosis::level::ok)
        found_.ok(subject_, std::move(d.text));
      else if (d.value == providers::diagnosis::level::warning)
        found_.warning(subject_, std::move(d.text), std::move(d.remedy));
      else
        found_.error(subject_, std::move(d.text), std::move(d.remedy));
    }
  }

  std::string subject_;
  std::vector<std::string> prefixes_;
  source_view& view_;
  findings& found_;
};

std::string shown(const model::route& route) {
  return "route " + (route.host.empty() ? "*" : route.host) + route.path;
}

/// What leads to backends: routes, and frontends by their default_backend.
class target_check {
 public:
  target_check(const config::settings& settings, const source_view& sources, findings& found)
      : own_(own_backends(settings.haproxy)), sources_(sources), found_(found) {
    for (const auto& p : settings.providers)
      if (const auto kept = actors::load_view(actors::view_file(settings.state_dir, p.name)))
        for (const auto& [name, event] : kept->view.backends) kept_.emplace(name, p.name);
  }

  void look_at(const config::frontend_settings& frontend) {
    const auto& target = frontend.default_backend;
    if (!target || sources_.backends.contains(*target)) return;
    missing("frontend " + frontend.name, "its default_backend " + *target, *target,
            "requests that no route takes are answered by 503", "name another one");
  }

  void look_at(const model::route& route) {
    const auto backend = sources_.backends.find(route.backend);
    if (backend == sources_.backends.end())
      missing("routes", "the backend " + route.backend + " that " + shown(route) + " leads to",
              route.backend, "its requests are answered by 503", "take the route out");
    else if (backend->second == model::proxy_mode::tcp)
      found_.warning("routes",
                     shown(route) + " leads to backend " + route.backend +
                         ", which has mode tcp and takes no routes: 503",
                     "give the backend mode http, or take the route out");
  }

 private:
  /// What a source has left out may be in service all the same, held by the guard.
  void missing(const std::string& subject, const std::string& what, const std::string& backend,
               const std::string& consequence, const std::string& otherwise) {
    if (own_.contains(backend)) return;
    if (const auto kept = kept_.find(backend); kept != kept_.end())
      return found_.warning(
          subject,
          "no source has " + what + " any more, but the last good state of " + kept->second +
              " does: where the guard holds it, it is still served, else " + consequence,
          "add the backend to the source again, or " + otherwise +
              "; `switchyard approve` shows what is held");
    found_.warning(subject, "no source has " + what + ": until it comes, " + consequence,
                   "add the backend to a source, or " + otherwise);
  }

  std::set<std::string> own_;
  std::map<std::string, std::string> kept_;  ///< backend → the provider whose kept view has it
  const source_view& sources_;
  findings& found_;
};

}  // namespace

source_view check_providers(const config::settings& settings, bool thorough, findings& found) {
  source_view view;
  for (const auto& p : settings.providers) source_check(p, view, found).run(p, thorough);
  return view;
}

void check_targets(const config::settings& settings, const source_view& sources, findings& found) {
  const auto before = found.list().size();
  for (const auto& [frontend, why] : haproxy::misfits(settings.frontends, sources.backends))
    found.warning("frontend " + frontend, why, "give both the same mode");
  if (!sources.complete)
    return found.ok("routes", "not looked at, since not every source could be read");
  target_check targets(settings, sources, found);
  for (const auto& frontend : settings.frontends) targets.look_at(frontend);
  for (const auto& route : sources.routes) targets.look_at(route);
  if (found.list().size() == before)
    found.ok("routes", base::counted(sources.routes.size(), "route") +
                           ", every one of them and every default_backend leads to a backend");
}

}  // namespace switchyard::cli
