#include "providers/file/session.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace switchyard::providers::file {

namespace {

using namespace std::chrono_literals;

/// Between looks when the system cannot tell of changes.
constexpr std::chrono::milliseconds poll_interval = 1s;
/// A burst of changes is over after this much silence, at the latest after `longest_burst`.
constexpr std::chrono::milliseconds silence = 2ms;
constexpr std::chrono::milliseconds longest_burst = 10ms;
/// Before a file is looked at again of which nothing is told: it changed while it was read, or may
/// fit by now.
constexpr std::chrono::milliseconds look_again_after = 20ms;
constexpr std::size_t most_faults_shown = 5;

}  // namespace

session::session(const config::file_settings& settings, sink& out)
    : path_(settings.path),
      resync_(settings.resync),
      most_bytes_(settings.max_bytes),
      out_(out),
      contents_(settings.max_bytes, settings.max_depth) {}

void session::begin() {
  look(true, clock::now());
}

void session::step(const base::wakeup& wake) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_wake() - clock::now());
  const auto woken = base::wait_either(watcher_.fd(), wake, std::max(left, 0ms));
  if (woken && *woken == base::woken::notified) return;
  const auto now = clock::now();
  changes_.note(watcher_.take(), now);
  changes_.expire(now);
  if (changes_.due() > 1) settle();
  const bool all = now >= resync_at_;
  const bool grace_over = std::ranges::any_of(
      absent_since_, [&](const auto& a) { return now - a.second >= removal_grace; });
  const bool poll = !watch_fault_.empty() || look_again_;
  if (all || poll || grace_over || changes_.due() > 0) look(all, now);
}

/// One change is read at once; of several more may follow, and all are one report then.
void session::settle() {
  const base::deadline until(longest_burst);
  while (!until.passed()) {
    const auto more = base::wait_readable(watcher_.fd(), base::deadline(silence));
    if (!more || !*more) return;
    changes_.note(watcher_.take(), clock::now());
  }
}

/// Subscribes before it looks, and again when what it saw asks for other places.
scan_result session::arm() {
  auto now = scan(path_);
  for (int tries = 0; tries < 5; ++tries) {
    const auto watching = watcher_.watch(now.to_watch);
    watch_fault_ = watching ? "" : watching.error().message;
    changes_.expect(now.to_watch, now.folder);
    const auto before = std::exchange(now, scan(path_)).to_watch;
    if (before == now.to_watch) break;
  }
  return now;
}

void session::look(bool all, clock::time_point seen_at) {
  const auto now = arm();
  bool changed = false;
  if (now.missing.empty()) {
    const auto before = contents_.bytes();
    changed = take_files(now, all);
    changed = take_removals(now) || changed;
    if (contents_.bytes() < before) retry_those_crowded_out();
    if (changed || (!ever_reported_ && contents_.whole()))
      report(seen_at);
    else if (all && contents_.faults().empty())
      out_.unchanged();
  }
  report_health(now.missing);
  if (all) resync_at_ = clock::now() + resync_;
}

bool session::take_files(const scan_result& now, bool all) {
  std::vector<std::pair<std::string, base::outcome<std::string>>> texts;
  for (const auto& [name, file] : now.files) {
    const auto known = read_.find(name);
    const bool same = known != read_.end() && known->second == file;
    if (same && !all && !changes_.touched(file.path)) continue;
    texts.emplace_back(name, read(file, most_bytes_));
  }
  changes_.done();
  look_again_ = false;
  // What was written while we read may be half a file; it is read again when its writer is done.
  changes_.note(watcher_.take(), clock::now());
  bool changed = false;
  // Where one grows by what another one shrinks, both fit.
  std::ranges::stable_sort(texts, {}, [&](const auto& t) {
    return t.second ? static_cast<std::ptrdiff_t>(t.second->size()) -
                          static_cast<std::ptrdiff_t>(contents_.bytes_of(t.first))
                    : 0;
  });
  for (auto& [name, text] : texts) {
    const auto& file = now.files.at(name);
    contents_.expect(name);
    if (changes_.being_written(file.path) || changes_.touched(file.path)) continue;
    if (text) {
      changed = contents_.set(name, *std::move(text)) || changed;
      read_[name] = file;
    } else if (text.error().kind == base::errc::conflict) {
      look_again_ = true;
    } else if (text.error().kind != base::errc::not_found) {
      // (What went between listing and reading is absent in the next look.)
      contents_.fail(name, text.error().message);
      read_.erase(name);
    }
  }
  return changed;
}

/// There is room again, and nothing will be told of files that stay as they are.
void session::retry_those_crowded_out() {
  for (const auto& name : contents_.crowded_out()) {
    read_.erase(name);
    look_again_ = true;
  }
}

bool session::take_removals(const scan_result& now) {
  bool changed = false;
  const auto moment = clock::now();
  for (const auto& name : contents_.files()) {
    if (now.files.contains(name)) {
      absent_since_.erase(name);
      continue;
    }
    const auto since = absent_since_.emplace(name, moment).first->second;
    if (moment - since < removal_grace) continue;
    absent_since_.erase(name);
    read_.erase(name);
    changed = contents_.remove(name) || changed;
  }
  return changed;
}

void session::report(clock::time_point seen_at) {
  auto view = contents_.merge();
  std::set<std::string> names;
  for (const auto& b : view.backends) names.insert(b.first);
  auto at = view.refused_routes;
  for (const auto& r : *view.routes) at.emplace(r.host, r.path);
  // While a file has never been readable the view is no snapshot, so what went is named.
  if (!view.full) {
    for (const auto& name : reported_) view.backends.try_emplace(name);
    std::ranges::set_difference(reported_places_, at,
                                std::inserter(*view.gone_routes, view.gone_routes->end()));
  }
  reported_ = std::move(names);
  reported_places_ = std::move(at);
  ever_reported_ = true;
  view.seen_at = seen_at;
  out_.report(std::move(view));
}

void session::report_health(const std::string& missing) {
  auto faults = contents_.faults();
  if (!missing.empty())
    faults = {missing + (ever_reported_ ? ", the last good content stays in force" : "")};
  if (!watch_fault_.empty()) faults.push_back(watch_fault_ + ": changes are seen by polling");
  model::provider_health health{model::provider_health::level::live, {}};
  if (!faults.empty()) {
    health = {model::provider_health::level::degraded, path_.string() + ": "};
    for (std::size_t i = 0; i < std::min(faults.size(), most_faults_shown); ++i)
      health.reason += (i == 0 ? "" : "; ") + faults[i];
    if (faults.size() > most_faults_shown)
      health.reason += "; and " + std::to_string(faults.size() - most_faults_shown) + " more";
  }
  if (health == health_) return;
  health_ = health;
  out_.health(std::move(health));
}

session::clock::time_point session::next_wake() const {
  if (changes_.due() > 0) return clock::now();
  auto next = resync_at_;
  if (!watch_fault_.empty()) next = std::min(next, clock::now() + poll_interval);
  if (look_again_) next = std::min(next, clock::now() + look_again_after);
  next = std::min(next, changes_.next_expiry().value_or(next));
  for (const auto& a : absent_since_) next = std::min(next, a.second + removal_grace);
  return next;
}

}  // namespace switchyard::providers::file
