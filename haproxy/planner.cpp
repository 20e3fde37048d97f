#include "haproxy/planner.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "haproxy/limits.hpp"
#include "haproxy/text_changes.hpp"

namespace switchyard::haproxy {

namespace {

using model::server;
using model::server_state;

/// Collects the steps of one backend; a value that the encoder refuses drops that server's steps
/// only.
class collector {
 public:
  collector(std::string backend, plan& into) : backend_(std::move(backend)), plan_(into) {}

  const std::string& backend() const { return backend_; }

  /// Adds all commands for a server, or none of them when one cannot be encoded.
  void add(const server& target, std::vector<base::outcome<command>> commands,
           step::purpose why = step::purpose::desired) {
    for (const auto& c : commands) {
      if (c) continue;
      plan_.refused.push_back(
          {c.error().kind, "server " + backend_ + "/" + target.name + ": " + c.error().message});
      return;
    }
    for (auto& c : commands) plan_.steps.push_back({std::move(c).value(), target, why});
  }

  /// Adds a command for the backend itself.
  void add(base::outcome<command> made) {
    if (made)
      plan_.steps.push_back({std::move(made).value(), {}});
    else
      plan_.refused.push_back(
          {made.error().kind, "backend " + backend_ + ": " + made.error().message});
  }

  void leave(const std::string& name) { plan_.leaving.push_back(name); }
  void reload(reload_cause cause, std::string subject, std::string detail = {}) {
    plan_.reload.push_back({cause, std::move(subject), std::move(detail)});
  }

 private:
  std::string backend_;
  plan& plan_;
};

/// A new server starts in maintenance with its checks off.
void plan_addition(const server& s, const std::string& options, bool checked, arrival how,
                   collector& out) {
  const auto& b = out.backend();
  auto added = s;
  if (how == arrival::by_a_move) added.port = s.port == 1 ? 2 : 1;
  std::vector<base::outcome<command>> commands{add_server(b, added, options)};
  if (how == arrival::by_a_move) commands.push_back(set_address(b, s.name, s.address, s.port));
  if (checked) commands.push_back(enable_health(b, s.name));
  if (s.state == server_state::ready) commands.push_back(enable_server(b, s.name));
  if (s.state == server_state::drain) commands.push_back(set_state(b, s.name, s.state));
  out.add(s, std::move(commands));
}

/// What may not happen while servers wait for a reload that brings their backend other settings:
/// they cannot take over before.
struct restraint {
  bool none_leaves = false;
  bool none_rests = false;  ///< nor is one taken out of the rotation: no other one would be left
};

bool in_rotation(const server& s) {
  return haproxy::in_rotation(s.state, s.weight);
}

restraint restraint_of(const model::backend& desired, const actual_backend& actual) {
  const auto waits = [&](const server& s) { return !actual.servers.contains(s.name); };
  const auto stays = [&](const server& s) {
    const auto has = actual.servers.find(s.name);
    return has != actual.servers.end() && in_rotation(has->second.now) && in_rotation(s);
  };
  if (!std::ranges::any_of(desired.servers, waits)) return {};
  return {true, !std::ranges::any_of(desired.servers, stays)};
}

void plan_change(const server& s, const actual_server& has, bool checked, bool may_rest,
                 collector& out) {
  const auto& b = out.backend();
  if (has.backup != s.backup)
    out.reload(reload_cause::changed_server_options, b + "/" + s.name, "backup");
  std::vector<base::outcome<command>> commands;
  const bool restate =
      has.now.state != s.state && (may_rest || has.now.state != server_state::ready);
  // A server that leaves the rotation does so before anything else of it changes, and one that
  // comes back does so last.
  if (restate && s.state != server_state::ready) commands.push_back(set_state(b, s.name, s.state));
  if (has.now.address != s.address || has.now.port != s.port)
    commands.push_back(set_address(b, s.name, s.address, s.port));
  const bool fades = in_rotation(has.now) && s.weight == 0;
  if (has.now.weight != s.weight && (may_rest || !fades))
    commands.push_back(set_weight(b, s.name, s.weight));
  const bool limit_fits = has.maxconn && same_limit(*has.maxconn, s.maxconn);
  if (!limit_fits) commands.push_back(set_maxconn(b, s.name, s.maxconn));
  // Somebody has switched it off, or the conversation broke before it was switched on.
  if (checked && has.now.check_off) commands.push_back(enable_health(b, s.name));
  if (restate && s.state == server_state::ready) commands.push_back(set_state(b, s.name, s.state));
  if (limit_fits && has.maxconn == 0U && s.maxconn == no_limit)
    out.add(s, {set_maxconn(b, s.name, no_limit)}, step::purpose::queues);
  out.add(s, std::move(commands));
}

}  // namespace

plan plan_backend(const model::backend& desired, const actual_backend* actual,
                  const std::string& settings, const std::string& options,
                  const std::optional<std::string>& profile, arrival how,
                  const std::optional<std::string>& running_options) {
  plan result;
  collector out(desired.name, result);
  const actual_backend added{settings, {}, false};
  if (actual == nullptr && !profile) {
    out.reload(reload_cause::new_backend, desired.name);
    return result;
  }
  if (actual == nullptr) {
    out.add(add_backend(desired.name, *profile));
    actual = &added;
  }
  const bool same_settings = actual->settings == settings;
  if (!same_settings)
    out.reload(reload_cause::changed_settings, desired.name,
               settings_in_words(actual->settings, settings));

  const bool adds = same_settings || running_options;
  const auto held = adds ? restraint() : restraint_of(desired, *actual);
  const auto& new_options = same_settings ? options : running_options.value_or("");
  const bool checked = same_settings || !running_options
                           ? desired.settings.check.type != model::check_type::none
                           : running_options->starts_with("check");
  auto has = actual->servers.begin();
  const auto leave_until = [&](const std::string* name) {
    for (; has != actual->servers.end() && (name == nullptr || has->first < *name); ++has)
      if (!held.none_leaves) out.leave(has->first);
  };
  const bool beside_limits = has_limits(desired, *actual);
  server changed;
  for (const auto& wanted : desired.servers) {
    leave_until(&wanted.name);
    const auto maxconn = given_maxconn(wanted.maxconn, beside_limits);
    if (maxconn != wanted.maxconn) {
      changed = wanted;
      changed.maxconn = maxconn;
    }
    const auto& s = maxconn == wanted.maxconn ? wanted : changed;
    if (has != actual->servers.end() && has->first == s.name) {
      plan_change(s, has->second, checked, !held.none_rests, out);
      ++has;
    } else if (adds) {
      plan_addition(s, new_options, checked, how, out);
    }
  }
  leave_until(nullptr);
  // Others take over first.
  std::stable_partition(result.steps.begin(), result.steps.end(), [&](const step& s) {
    const auto before = actual->servers.find(s.target.name);
    return before == actual->servers.end() || in_rotation(s.target) ||
           !in_rotation(before->second.now);
  });
  if (beside_limits && needs_relief(desired, *actual)) {
    auto then = *actual;
    for (const auto& done : result.steps) note_done(then, done);
    std::ranges::move(plan_relief(desired, then), std::back_inserter(result.steps));
  }
  if (!actual->published) out.add(publish_backend(desired.name));
  return result;
}

std::vector<step> plan_replacement(const model::backend& desired, const server& server,
                                   const std::string& options, arrival how) {
  plan result;
  collector out(desired.name, result);
  auto leaving = server;
  leaving.state = server_state::maint;
  out.add(leaving, {set_state(desired.name, server.name, server_state::maint),
                    del_server(desired.name, server.name)});
  plan_addition(server, options, desired.settings.check.type != model::check_type::none, how, out);
  return result.refused.empty() ? std::move(result.steps) : std::vector<step>();
}

plan plan_removal(const std::string& backend, const actual_backend* actual) {
  plan result;
  collector out(backend, result);
  if (actual == nullptr) {
    out.reload(reload_cause::removed_backend, backend);
    return result;
  }
  if (actual->published) out.add(unpublish_backend(backend));
  for (const auto& [name, has] : actual->servers) out.leave(name);
  result.retires = true;
  return result;
}

void note_done(actual_backend& actual, const step& done) {
  const auto& target = done.target;
  if (done.what.kind == command_kind::add_server) {
    actual.servers[target.name] = {
        {target.address, target.port, target.weight, server_state::maint, false, true},
        target.backup,
        target.maxconn};
    return;
  }
  if (done.what.kind == command_kind::publish_backend) actual.published = true;
  if (done.what.kind == command_kind::unpublish_backend) actual.published = false;
  const auto found = actual.servers.find(target.name);
  if (found == actual.servers.end()) return;
  auto& has = found->second;
  switch (done.what.kind) {
    case command_kind::set_address:
      has.now.address = target.address;
      has.now.port = target.port;
      break;
    case command_kind::set_weight:
      has.now.weight = target.weight;
      break;
    case command_kind::set_maxconn:
      has.maxconn = target.maxconn;
      break;
    case command_kind::enable_health:
      has.now.check_off = false;
      break;
    case command_kind::enable_server:
    case command_kind::set_state:
      if (has.now.state == server_state::maint) has.now.up = target.state != server_state::maint;
      has.now.state = target.state;
      break;
    case command_kind::del_server:
      actual.servers.erase(found);
      break;
    case command_kind::add_server:
    case command_kind::add_map:
    case command_kind::set_map:
    case command_kind::del_map:
    case command_kind::commit_map:
    case command_kind::add_backend:
    case command_kind::publish_backend:
    case command_kind::unpublish_backend:
    case command_kind::del_backend:
      break;
  }
}

void note_refused(actual_backend& actual, const step& refused) {
  if (refused.what.kind != command_kind::set_maxconn) return;
  const auto found = actual.servers.find(refused.target.name);
  if (found != actual.servers.end()) found->second.maxconn.reset();
}

}  // namespace switchyard::haproxy
