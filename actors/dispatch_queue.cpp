#include "actors/dispatch_queue.hpp"

#include <algorithm>

namespace switchyard::actors {

namespace {

// Stands for all routes; no backend has such a name.
constexpr const char* routes_entry = "/routes";

void add_routes(haproxy::apply_request& request, const model::desired_state& state) {
  request.routes = std::make_shared<const std::vector<model::route>>(state.routes());
  request.unread_routes = state.unread_routes();
}

haproxy::backend_change change_of(const std::string& name, const model::desired_state& state,
                                  const model::name_book& names) {
  haproxy::backend_change change{name, nullptr, state.unread_of(name)};
  change.value = names.addressed(state.find(name), change.unread);
  return change;
}

bool serves(const model::desired_state& state, const std::string& name) {
  const auto value = state.find(name);
  return value && !value->servers.empty();
}

}  // namespace

void dispatch_queue::changed(const std::string& provider, const std::set<std::string>& backends,
                             bool routes, const model::desired_state& state) {
  std::set<std::string> serving, leaving;
  for (const auto& name : backends) (serves(state, name) ? serving : leaving).insert(name);
  line_up(provider, serving);
  if (routes) line_up(provider, {routes_entry});
  line_up(provider, leaving);
}

void dispatch_queue::settings_changed(const std::set<std::string>& backends, bool routes,
                                      const model::desired_state& state) {
  changed("", backends, routes, state);
  by_settings_.insert(backends.begin(), backends.end());
  if (routes) by_settings_.insert(routes_entry);
}

void dispatch_queue::line_up(const std::string& provider, const std::set<std::string>& names) {
  if (names.empty()) return;
  auto& of = lines_[provider];
  for (const auto& name : names) {
    changed_.insert(name);
    if (!of.queued.insert(name).second) continue;
    of.names.push_back(name);
    ++of.queued_count;
  }
}

void dispatch_queue::everything() {
  full_ = true;
}

dispatch_queue::ticket dispatch_queue::reserve() {
  open_.insert(++last_ticket_);
  return last_ticket_;
}

void dispatch_queue::issue(const std::string& provider, ticket reserved) {
  auto& of = lines_[provider];
  of.tickets.emplace_back(reserved, of.queued_count);
}

std::optional<haproxy::apply_request> dispatch_queue::next(const model::desired_state& state,
                                                           const model::name_book& names) {
  if (!waiting()) return std::nullopt;
  haproxy::apply_request request;
  request.revision = state.revision();
  request.complete = state.complete();
  if (full_)
    add_everything(request, state, names);
  else
    add_in_turn(request, state, names);
  in_burst_ = request.more;
  return request;
}

void dispatch_queue::add_everything(haproxy::apply_request& request,
                                    const model::desired_state& state,
                                    const model::name_book& names) {
  full_ = false;
  full_flying_ = true;
  request.full = true;
  changed_.clear();
  for (auto& [provider, of] : lines_) {
    of.flying = of.names.size();
    of.names.clear();
    of.queued.clear();
  }
  add(request, routes_entry, state, names);
  for (const auto& entry : state.backends()) add(request, entry.first, state, names);
  for (const auto& name : state.unread_backends())
    request.changes.push_back({name, nullptr, state.unread_of(name)});
  by_settings_.clear();
}

/// Returns how many servers that are.
std::size_t dispatch_queue::add(haproxy::apply_request& request, const std::string& name,
                                const model::desired_state& state, const model::name_book& names) {
  const bool by_settings = by_settings_.erase(name) > 0;
  if (name == routes_entry) {
    add_routes(request, state);
    request.routes_by_settings = by_settings;
    return 0;
  }
  request.changes.push_back(change_of(name, state, names));
  request.changes.back().by_settings = by_settings;
  const auto& value = request.changes.back().value;
  return value ? value->servers.size() : 0;
}

/// One name of each line, again and again, from the line after the one that was served last.
void dispatch_queue::add_in_turn(haproxy::apply_request& request, const model::desired_state& state,
                                 const model::name_book& names) {
  std::size_t backends = 0, servers = 0;
  bool more = true;
  for (bool first = true; more && (first || servers < most_.servers); first = false) {
    more = false;
    auto at = lines_.upper_bound(last_served_);
    for (auto left = lines_.size(); left > 0 && backends < most_.backends; --left, ++at) {
      if (at == lines_.end()) at = lines_.begin();
      const auto name = take(at->second);
      if (!name) continue;
      more = true;
      ++backends;
      last_served_ = at->first;
      servers += add(request, *name, state, names);
    }
  }
  // (What is left in a line may have gone out in another one's turn.)
  request.more = rounds_go_on() && !changed_.empty();
}

/// The next name that no request had since it changed.
std::optional<std::string> dispatch_queue::take(line& from) {
  while (!from.names.empty()) {
    auto name = std::move(from.names.front());
    from.names.pop_front();
    from.queued.erase(name);
    ++from.flying;
    if (changed_.erase(name) > 0) return name;
  }
  return std::nullopt;
}

/// Whether the reload that the request may need can wait: every line that is in it goes on. (A
/// provider's single change does not wait for the end of another one's burst.)
bool dispatch_queue::rounds_go_on() {
  bool all = true;
  for (auto& [provider, of] : lines_) {
    if (of.flying == 0) continue;
    // Names that come in while a long line is worked off do not put its reload off for ever.
    if (of.applied_count >= of.round_end) of.round_end = of.queued_count;
    all = all && of.applied_count + of.flying < of.round_end;
  }
  return all;
}

void dispatch_queue::done() {
  if (std::exchange(full_flying_, false)) lost_ = false;
  for (auto& [provider, of] : lines_) {
    of.applied_count += std::exchange(of.flying, 0);
    // What another line has brought meanwhile is applied, too.
    while (!of.names.empty() && !changed_.contains(of.names.front())) {
      of.queued.erase(of.names.front());
      of.names.pop_front();
      ++of.applied_count;
    }
  }
  std::erase_if(lines_, [](const auto& l) { return l.second.idle(); });
}

void dispatch_queue::failed() {
  done();
  full_ = true;
  lost_ = true;
}

std::vector<dispatch_queue::ticket> dispatch_queue::fulfilled() {
  std::vector<ticket> result;
  if (full_ || lost_) return result;
  for (auto& [provider, of] : lines_)
    while (!of.tickets.empty() && of.tickets.front().second <= of.applied_count) {
      result.push_back(of.tickets.front().first);
      open_.erase(of.tickets.front().first);
      of.tickets.pop_front();
    }
  return result;
}

}  // namespace switchyard::actors
