#include <iostream>

#include "api/status.hpp"
#include "base/text.hpp"
#include "cli/api_client.hpp"
#include "cli/client.hpp"
#include "cli/terminal.hpp"

namespace switchyard::cli {

namespace {

using nlohmann::json;

void line(const std::string& label, const std::string& text, colour shade = colour::none) {
  constexpr std::size_t width = 12;
  std::cout << painted(label, colour::faint)
            << std::string(label.size() < width ? width - label.size() : 1, ' ')
            << painted(harmless(text), shade) << '\n';
}

std::string took(const json& pass) {
  const auto& value = member(pass, "took_ms");
  return value.is_number() ? " in " + value.dump() + " ms" : std::string();
}

void print_summary(const json& s) {
  const bool ready = member(s, "ready") == true;
  line("switchyard",
       text_at(s, "version") + (ready ? ", ready" : ", not ready") + ", since " +
           text_at(s, "started"),
       ready ? colour::green : colour::yellow);
  for (const auto& why : member(s, "waiting"))
    line("waits", why.is_string() ? why.get<std::string>() : "", colour::yellow);
  line("revision", text_at(s, "revision") + ", applied " + text_at(s, "applied_revision") + "; " +
                       base::counted(number_at(s, "backends"), "backend") + ", " +
                       base::counted(number_at(s, "servers"), "server") + ", " +
                       base::counted(number_at(s, "routes"), "route"));
}

void print_haproxy(const json& s) {
  const auto& h = member(s, "haproxy");
  const bool reachable = member(h, "reachable") == true;
  const auto version = text_at(h, "version"), pid = text_at(h, "pid");
  line("HAProxy",
       (version.empty() ? "unknown" : version) + ", " + text_at(h, "mode") +
           (pid.empty() ? "" : ", pid " + pid) + (reachable ? "" : ", does not answer"),
       reachable ? colour::none : colour::red);
  const auto waiting = joined(member(h, "reload_waiting"));
  if (!waiting.empty()) line("", "a reload waits: " + waiting, colour::yellow);
  const auto refused = joined(member(h, "refused"));
  if (!refused.empty())
    line("", "it does not take what is desired of: " + refused + "; the log says why", colour::red);
  if (const auto restarts = number_at(h, "restarts"); restarts > 0) {
    const auto& last = member(h, "last_restart");
    line("",
         "started again " + base::counted(restarts, "time") + " after it had ended, last at " +
             text_at(last, "at") + " (" + text_at(last, "after") + ")",
         colour::yellow);
  }
  for (const auto& trouble : member(h, "troubles"))
    line("", trouble.is_string() ? trouble.get<std::string>() : "", colour::red);
}

void print_passes(const json& s) {
  const auto& last = member(s, "last_apply");
  if (last.is_object()) {
    const auto failures = number_at(last, "failed_commands");
    const auto about = joined(member(last, "backends"));
    line("last apply",
         text_at(last, "at") + ", " + text_at(last, "kind") +
             (about.empty() ? "" : " of " + about) + ": " +
             base::counted(number_at(last, "commands"), "command") +
             (failures > 0 ? ", " + std::to_string(failures) + " failed" : "") + took(last),
         failures > 0 ? colour::red : colour::none);
  }
  line("reloads", text_at(s, "reloads") + "; repaired by reconciles: " +
                      base::counted(number_at(s, "repaired"), "command"));
  for (const auto& r : member(member(s, "haproxy"), "reloads")) {
    const bool ok = member(r, "ok") == true;
    const auto reasons = joined(member(r, "reasons"));
    line("",
         text_at(r, "at") + " " + (ok ? "" : "failed: ") + text_at(r, "message") +
             (reasons.empty() ? "" : " (" + reasons + ")"),
         ok ? colour::none : colour::red);
  }
}

colour shade_of_state(const std::string& state) {
  if (state == "live") return colour::green;
  return state == "degraded" ? colour::red : colour::yellow;
}

void print_providers(const json& s) {
  table providers({"PROVIDER", "TYPE", "STATE", "BACKENDS", "SERVERS", "ROUTES", "HELD", "REFUSED",
                   "COLLISIONS", "LAST REPORT", "REASON"});
  for (const auto& p : member(s, "providers")) {
    const auto state = text_at(p, "state");
    const auto refused = text_at(member(p, "refused"), "count");
    const auto held = text_at(p, "held");
    const auto collisions = text_at(p, "collisions");
    providers.row({{text_at(p, "name")},
                   {text_at(p, "type")},
                   {state, shade_of_state(state)},
                   {text_at(p, "backends")},
                   {text_at(p, "servers")},
                   {text_at(p, "routes")},
                   {held, held == "0" ? colour::none : colour::yellow},
                   {refused, refused == "0" ? colour::none : colour::red},
                   {collisions, collisions == "0" ? colour::none : colour::yellow},
                   {text_at(p, "last_report")},
                   {text_at(p, "reason")}});
  }
  std::cout << '\n';
  providers.print();
  for (const auto& p : member(s, "providers"))
    if (const auto& kept = member(p, "last_good"); kept.is_object())
      line("stale",
           text_at(p, "name") + " has not been read yet: its last good view is served, of " +
               text_at(kept, "as_of") + ", " +
               api::age_text(std::chrono::seconds(number_at(kept, "age_seconds"))) + " old",
           colour::yellow);
  for (const auto& p : member(s, "providers"))
    if (const auto& since = member(p, "stale"); since.is_object())
      line("stale",
           text_at(p, "name") + ": what is served was last known to be so at " +
               text_at(since, "as_of") + ", " +
               api::age_text(std::chrono::seconds(number_at(since, "age_seconds"))) + " ago",
           colour::yellow);
  for (const auto& p : member(s, "providers"))
    for (const auto& r : member(member(p, "refused"), "objects"))
      line("refused", text_at(p, "name") + " " + text_at(r, "key") + ": " + text_at(r, "reason"),
           colour::red);
  for (const auto& name : member(s, "unresolved"))
    line("unresolved", name.is_string() ? name.get<std::string>() : "", colour::red);
  for (const auto& c : member(member(s, "collisions"), "list"))
    line("collision", text_at(c, "text"), colour::yellow);
}

void print_holds(const json& s) {
  const auto& holds = member(s, "holds");
  for (const auto& h : member(holds, "list")) {
    const bool rejected = member(h, "rejected") == true;
    line("hold " + text_at(h, "id"),
         text_at(h, "what") + "; " +
             base::counted(number_at(member(h, "servers"), "count"), "server") + " and " +
             base::counted(number_at(member(h, "routes"), "count"), "route") + " held since " +
             text_at(h, "since") + (rejected ? ", rejected" : ""),
         rejected ? colour::none : colour::yellow);
  }
}

void print_actors(const json& s) {
  table actors({"ACTOR", "RUNNING", "RESTARTS"});
  for (const auto& a : member(s, "actors")) {
    const bool running = member(a, "running") == true;
    actors.row({{text_at(a, "name")},
                {running ? "yes" : "no", running ? colour::none : colour::red},
                {text_at(a, "restarts")}});
  }
  std::cout << '\n';
  actors.print();
}

}  // namespace

int status(const client_options& options) {
  auto client = api_client::open(options);
  if (!client) return failed("status", client.error());
  const auto body = client->get("/v1/status");
  if (!body) return failed("status", body.error());
  if (options.common.output == output_format::json) {
    print_json(*body);
    return 0;
  }
  print_summary(*body);
  print_haproxy(*body);
  print_passes(*body);
  print_providers(*body);
  print_holds(*body);
  print_actors(*body);
  return 0;
}

}  // namespace switchyard::cli
