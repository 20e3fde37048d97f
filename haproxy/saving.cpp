// The gateway's configuration file while no reload is wanted: what goes into it, and when it is
// written.

#include <algorithm>
#include <iterator>
#include <utility>

#include "haproxy/gateway.hpp"
#include "haproxy/server_state.hpp"

namespace switchyard::haproxy {

namespace {

// No worker takes longer to load; 100,000 servers need less than two seconds.
constexpr std::chrono::seconds longest_worker_load{60};

}  // namespace

// Servers that may not go stay in the file as they are.
model::backend gateway::with_kept_servers(const model::backend& backend) const {
  const auto section = file_.backends.find(backend.name);
  if (section == file_.backends.end() || desired_.may_go(backend.name)) return backend;
  auto kept = backend;
  for (const auto& line : section->second->servers) {
    auto server = parse_server_line(line);
    if (!server || backend.find(server->name) != nullptr) continue;
    if (!desired_.may_go(backend.name, server->name)) kept.servers.push_back(std::move(*server));
  }
  model::sort_servers(kept.servers);
  return kept;
}

/// Without it a reload forgets which servers are down, and no more than that.
void gateway::write_server_state(std::string_view text, apply_report& report) {
  const std::string topic = "servers' state";
  const auto path = server_state_beside(settings_.haproxy.config_file);
  const auto written = outside_->files().write(path, text);
  if (written) return quiet(topic);
  tell(report, severity::warning, topic,
       "servers that are down will start as up: " + written.error().message, {matter::file});
}

base::status gateway::write_initial(apply_report& report) {
  write_server_state(no_server_state, report);
  auto target = transaction::begin(file_);
  auto head = render_head(settings_.haproxy, settings_.frontends, file_.modes(),
                          operators_.leave_server_state());
  if (!head) return head.error();
  target.set_head(std::move(head).value());
  // The file to go back to is one that HAProxy has run with.
  const auto before = untried_ ? transaction::previous::leave : transaction::previous::keep;
  auto written = target.commit(store_, transaction::purpose::load, before);
  if (!written) return written.error();
  untried_ = untried_ || !file_.head.empty();
  file_ = std::move(written).value();
  return {};
}

// Here, and not with the next change, which may be long in coming: until then no HAProxy could be
// started or reloaded with it.
void gateway::restore_edited(apply_report& report) {
  static_cast<void>(restore_map(report));  // what keeps it is told
  const auto seen = store_.look();
  if (seen == own_file::state::ours) return;
  const auto written = store_.rewrite(file_);
  if (written) quiet(about_file);
  if (!written)
    tell(report, severity::error, about_file,
         settings_.haproxy.config_file +
             " was changed by somebody else and cannot be written anew: " + written.error().message,
         {matter::file});
  else if (seen == own_file::state::removed)
    report.notices.push_back({severity::warning,
                              settings_.haproxy.config_file +
                                  " was removed by somebody else and is "
                                  "written anew",
                              {matter::file}});
}

/// HAProxy does not start without it, nor with lines that are no entries.
base::status gateway::restore_map(apply_report& report) {
  const std::string topic = "routes' file is somebody else's";
  const auto seen = routes_.look_at_file();
  if (seen == own_file::state::ours) {
    quiet(topic);
    return {};
  }
  const auto what = routes_.map() +
                    (seen == own_file::state::removed ? " was removed" : " was changed") +
                    " by somebody else and ";
  auto written = routes_.rewrite();
  if (written) {
    quiet(topic);
    report.notices.push_back({severity::warning, what + "is written anew", {matter::routes}});
  } else {
    tell(report, severity::error, topic,
         what + "cannot be written anew: " + written.error().message, {matter::routes});
  }
  return written;
}

void gateway::mark_unsaved(const std::string& name) {
  unsaved_.insert(name);
  saving_.changed(now_);
}

/// The routes as they suit an HAProxy that is loaded with `file`.
bool gateway::save_routes(const configuration& file, apply_report& report) {
  const auto saved = routes_.save([&](const auto& name) { return presence_in(file, name); });
  if (saved) {
    quiet("routes' file");
    return true;
  }
  tell(report, severity::error, "routes' file",
       "routes are served, but not saved: " + saved.error().message, {matter::routes});
  return false;
}

/// Whether the file may tell of a backend with these settings: it has them already, or HAProxy was
/// given them at run time.
bool gateway::recordable(const std::string& name, const std::string& settings) const {
  const auto section = file_.backends.find(name);
  if (section != file_.backends.end() && section->second->settings == settings) return true;
  const auto running = actual_.find(name);
  return can_add_backends() && running != actual_.end() && running->second.published &&
         running->second.settings == settings;
}

/// Whether the file lacks, or has in vain, a backend that came or went at run time.
bool gateway::recorded(const std::string& name) const {
  const auto section = file_.backends.find(name);
  const auto running = actual_.find(name);
  if (section == file_.backends.end()) return running == actual_.end();
  return running != actual_.end() && section->second->settings == running->second.settings;
}

/// The file as HAProxy runs it; what of unsaved_ needs a reload first stays there.
transaction gateway::record(bool backends_too, apply_report& report) {
  auto target = transaction::begin(file_);
  names left;
  for (const auto& name : unsaved_) {
    const bool allowed = recorded(name) || (backends_too && !blamed(name));
    const auto wanted = desired_.find(name);
    if (!wanted) {
      const bool is_gone =
          desired_.may_go(name) && can_add_backends() && running_ && !running_->contains(name);
      if (is_gone && allowed && file_.backends.contains(name))
        static_cast<void>(target.remove_backend(name));  // it is there
      else if (!is_gone || file_.backends.contains(name))
        left.insert(name);
      continue;
    }
    const auto* r = render(*wanted, report);
    if (r == nullptr || pending_.contains(name) || !allowed || !recordable(name, r->text)) {
      left.insert(name);
      // Its settings wait for a reload; an HAProxy that starts before has its servers at least.
      if (r != nullptr && file_.backends.contains(name))
        static_cast<void>(target.replace_servers(with_kept_servers(*wanted)));
      continue;
    }
    if (auto written = target.upsert_backend(with_kept_servers(*wanted), ca_file()); !written)
      tell(report, severity::error, "refused " + name, written.error().message,
           about_backend(name));
  }
  unsaved_ = std::move(left);
  return target;
}

/// What of the record HAProxy could be started with, when it refuses the whole: server lines at
/// least.
transaction gateway::record_less(const names& unsaved, const std::string& why,
                                 apply_report& report) {
  tell(report, severity::error, about_backends,
       "not all that was added at run time is in " + settings_.haproxy.config_file + ": " + why,
       {matter::file});
  unsaved_ = unsaved;
  const bool others_good = static_cast<bool>(store_.validate(file_));
  if (others_good) {
    names fresh;
    for (const auto& name : unsaved)
      if (!recorded(name) && !blamed(name)) fresh.insert(name);
    without_guilty(fresh, report);
  }
  return record(others_good, report);
}

// Without a reload the file follows what HAProxy took already: it must stay one that HAProxy can be
// started with.
void gateway::save(apply_report& report) {
  blames_.tidy([this](const auto& name, const auto& version) {
    return !blame_book::same(version, desired_.find(name)) ||
           (!version && !file_.backends.contains(name));
  });
  const auto before = unsaved_;
  const auto begun = std::chrono::steady_clock::now();
  auto target = record(true, report);
  saving_.done();
  if (!save_routes(target.draft(), report)) saving_.failed(now_, random());
  if (target.changed()) {
    const auto commit = [&] {
      return target.commit(store_, transaction::purpose::record, transaction::previous::leave);
    };
    auto next = commit();
    if (next) quiet(about_backends);
    if (!next && next.error().kind == base::errc::refused) {
      target = record_less(before, next.error().message, report);
      next = commit();
    }
    if (next) {
      saved(std::move(next).value(), report);
    } else {
      unsaved_ = before;
      saving_.failed(now_, random());
      tell(report, severity::error, about_file,
           "runtime changes go on, but " + settings_.haproxy.config_file +
               " cannot be written: " + next.error().message,
           {matter::file});
    }
  }
  const auto saveable = [this](const auto& name) { return !pending_.contains(name); };
  using std::chrono::steady_clock;
  saving_.ended(now_, std::chrono::ceil<std::chrono::milliseconds>(steady_clock::now() - begun),
                std::ranges::any_of(unsaved_, saveable));
}

void gateway::saved(configuration now_in_file, apply_report& report) {
  std::erase_if(resaved_, [this](const auto& r) { return r.second + longest_worker_load < now_; });
  for (const auto& [name, section] : file_.backends) {
    const auto now = now_in_file.backends.find(name);
    if (now == now_in_file.backends.end() || now->second->settings != section->settings)
      resaved_[name] = now_;
  }
  file_ = std::move(now_in_file);
  if (told_.contains(about_file))
    report.notices.push_back(
        {severity::info, settings_.haproxy.config_file + " is written again", {matter::file}});
  quiet(about_file);
  saving_.succeeded();
}

}  // namespace switchyard::haproxy
